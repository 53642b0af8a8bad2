using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>Logins by credential text that an authenticator judges: tokens, documents, signed requests.</summary>
internal sealed class LoginWithAssertion(
    AuthenticatorDirectory authenticators, NonceAuthority nonces, LoginThrottle throttle, LoginVerifier verifier, AccessTokenIssuer issuer)
{
    /// <summary>A longer name is not one of a configuration, and is not repeated.</summary>
    private const int MaxNameShown = 64;

    /// <summary>A nonce for a proof; <c>null</c> when the tenant has no token authenticator of that name.</summary>
    public async ValueTask<string?> CreateNonce(TenantConfiguration tenant, string authenticator) =>
        authenticators.Find(tenant, authenticator) is ITokenAuthenticator ? await nonces.Create(tenant.Name, authenticator) : null;

    public async ValueTask<LoginResult> Try(
        TenantConfiguration tenant, LoginRequest request, string name, Secret credential, CancellationToken cancellation)
    {
        if ((request.Administers ? authenticators.FindAny(tenant, name) : authenticators.Find(tenant, name))
            is not ITokenAuthenticator authenticator)
        {
            return LoginResult.Rejected(
                $"this tenant has no token authenticator {(name.Length <= MaxNameShown ? $"'{name}'" : "of this name")}");
        }

        var verdict = await verifier.JudgeText(
            stop => throttle.BeginProof(
                new ProofTry(tenant.Name, name, credential, authenticator.PartOf(credential), authenticator.AsksNobody),
                request.ClientAddress, stop),
            stop => authenticator.Verify(new PresentedCredential(tenant.Name, credential), stop),
            cancellation);
        return await verifier.Conclude(() => issuer.Open(request, verdict, cancellation), cancellation) with { Judge = name };
    }
}
