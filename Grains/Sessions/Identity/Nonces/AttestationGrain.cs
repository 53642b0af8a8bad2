using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions.Identity.Nonces;

/// <summary>Trust on first use, for one instance.</summary>
[GrainType("attestation")]
[CollectionAgeLimit(Minutes = GrainAges.Small)]
internal sealed class AttestationGrain(
    [PersistentState("attestation", GrainStorageNames.State)] IPersistentState<Attestation> state, NonceAuthority nonces)
    : Grain, IAttestationGrain, IAttestationResetGrain
{
    public async ValueTask<AttestationOutcome> Present(string nonce, DateTimeOffset pendingTime)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(nonce)));
        if (state.State.NonceHash is { } bound)
        {
            if (bound != hash)
            {
                return AttestationOutcome.Bound;
            }

            if (pendingTime < state.State.PendingTime)
            {
                return AttestationOutcome.Outdated;
            }
        }
        else if (this.GetPrimaryKeyString().Split('/', 3) is not [var tenant, var authenticator, _] || !await nonces.Redeem(nonce, tenant, authenticator))
        {
            return AttestationOutcome.NeedsNonce;
        }

        if (state.State.NonceHash is null || pendingTime > state.State.PendingTime)
        {
            (state.State.NonceHash, state.State.PendingTime) = (hash, pendingTime);
            await state.WriteStateAsync();
        }

        return AttestationOutcome.Accepted;
    }

    public async ValueTask<bool> Reset(CancellationToken cancellation = default)
    {
        var had = state.State.NonceHash is not null;
        await state.ClearStateAsync(cancellation);
        return had;
    }
}
