using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>
/// The instance identity document. The front door binds the instance to the nonce of its first document, so that nonce is kept on disk
/// before it is first shown, and shown ever after.
/// </summary>
internal sealed class AwsIidIdentity(IdentitySettings settings, AwsMetadata metadata, NonceFile kept) : IIdentity
{
    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
    {
        if (!(await metadata.Get("dynamic/instance-identity/rsa2048", cancellation)).Succeeded(out var answer, out var failure))
        {
            return failure;
        }

        var (document, shown) = (answer.ReplaceLineEndings(""), new List<string>());
        RegistryFailure? refused = null;
        while (true)
        {
            if (!kept.Read().Succeeded(out var known, out failure))
            {
                return failure;
            }

            // Those that are kept need no lock: others that show them meanwhile get the same answer.
            foreach (var nonce in known.Except(shown).ToList())
            {
                shown.Add(nonce);
                var outcome = await Present(registry, document, nonce, cancellation);
                if (outcome.Succeeded(out _, out failure) || failure.Kind != FailureKind.Refused)
                {
                    return outcome;
                }

                refused = failure;
            }

            if (!(await kept.Hold(cancellation)).Succeeded(out var held, out failure))
            {
                return failure;
            }

            using (held)
            {
                if (!kept.Read().Succeeded(out var now, out failure))
                {
                    return failure;
                }

                if (!now.Except(shown).Any())
                {
                    return await BindAnew(registry, document, refused, cancellation);
                }
            }
        }
    }

    /// <summary>
    /// Nothing was kept, or an operator freed this instance: a fresh nonce binds it anew. A kept one stays until that has worked.
    /// </summary>
    private async Task<Outcome<RegistryCredential>> BindAnew(
        RegistryTokenClient registry, string document, RegistryFailure? refused, CancellationToken cancellation)
    {
        if (!(await registry.Nonce(settings.Authenticator, cancellation)).Succeeded(out var fresh, out var failure))
        {
            return failure;
        }

        if (kept.Propose(fresh) is { } unusable)
        {
            return unusable;
        }

        var outcome = await Present(registry, document, fresh, cancellation);
        if (outcome.Succeeded(out _, out failure) || failure.Kind != FailureKind.Refused)
        {
            return outcome;
        }

        kept.Withdraw(fresh);
        return RegistryFailure.Refused((refused ?? failure).Message);
    }

    /// <summary>Shows the document; a nonce that worked is the one that is kept.</summary>
    private async Task<Outcome<RegistryCredential>> Present(
        RegistryTokenClient registry, string document, string nonce, CancellationToken cancellation)
    {
        var proof = Proof.Exchange(settings.Authenticator, Proof.Document("rsa2048", document, nonce));
        var outcome = await registry.OpenSession(proof, cancellation);
        if (outcome.Succeeded(out _, out _))
        {
            kept.Confirm(nonce);
        }

        return outcome;
    }
}
