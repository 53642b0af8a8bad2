using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Identity.Nonces;

/// <summary>Trust on first use, for one instance.</summary>
[GrainType("attestation")]
[CollectionAgeLimit(Minutes = GrainAges.MaxIdle)]
internal sealed class AttestationGrain(StateStore store, NonceAuthority nonces, IConfigurationFeed configuration)
    : Grain, IAttestationGrain, IAttestationResetGrain
{
    private Stored<Attestation> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<Attestation>("attestation", this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<AttestationOutcome> Present(string nonce, DateTimeOffset pendingTime)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(nonce)));
        if (this.GetPrimaryKeyString().Split('/', 3) is not [var tenant, var authenticator, _])
        {
            return AttestationOutcome.NeedsNonce;
        }

        var isFirst = (await _state.Get()).NonceHash is null;
        if (isFirst && !await nonces.Redeem(nonce, tenant, authenticator))
        {
            return AttestationOutcome.NeedsNonce;
        }

        var maxAge = configuration.Current.Configuration.AuthenticatorOf(tenant, authenticator) is AwsIidConfiguration { MaxAge: var age }
            ? age : Attestation.MaxAge;
        return await _state.Change(known => known.Present(hash, pendingTime, maxAge, isFirst));
    }

    public async ValueTask<bool> Reset(CancellationToken cancellation = default) =>
        await _state.Change<bool>(known => (null, known.NonceHash is not null));
}
