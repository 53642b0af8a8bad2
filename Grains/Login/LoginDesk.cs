using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Login;

/// <summary>Verify → open or resume the session → sign, on the silo that is asked.</summary>
internal sealed class LoginDesk(
    IConfigurationFeed configuration, LoginVerifier verifier, AccessTokenIssuer issuer, LoginWithPassword passwords,
    LoginWithRefreshToken refreshTokens, LoginWithAssertion assertions, LoginWithDeviceCode deviceCodes)
{
    /// <inheritdoc cref="ILoginGrain.Login"/>
    public async ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation)
    {
        if (!configuration.Current.Configuration.Tenants.TryGetValue(request.Tenant, out var tenant))
        {
            return new LoginResult
            {
                Status = LoginStatus.Unavailable, Message = "this tenant is not known here yet", RetryAfterSeconds = 2
            };
        }

        // Where nobody administers, the scope is nobody's: it is a login as any other, and guesses at it are.
        request = request with { Administers = request.Administers && tenant.Administrators.Count > 0 };
        if (tenant.IsUnusable && !request.Administers)
        {
            throw new GatewayTooBusyException($"this silo cannot use the configuration of tenant '{request.Tenant}'; its log says why");
        }

        return JudgeName.Of(configuration, request.Tenant, await verifier.Within(LoginTimes.Login, stop => request.Credentials switch
        {
            { Kind: LoginCredentialsKind.Password, Name: var user, Secret: { } password } =>
                passwords.Try(tenant, request, user, password, stop),
            { Kind: LoginCredentialsKind.RefreshToken, Secret: { } token } => refreshTokens.Try(tenant, request, token, stop),
            { Kind: LoginCredentialsKind.Assertion, Name: var name, Secret: { } credential } =>
                assertions.Try(tenant, request, name, credential, stop),
            { Kind: LoginCredentialsKind.DeviceCode, Secret: { } code } => deviceCodes.Try(request, code, stop),
            _ => issuer.Issue(request, null, AccessRules.Match(tenant, null), cancellation: stop),
        }, cancellation));
    }

    /// <inheritdoc cref="ILoginGrain.CreateNonce"/>
    public async ValueTask<string?> CreateNonce(string tenant, string authenticator) =>
        configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known)
            ? await assertions.CreateNonce(known, authenticator)
            : null;
}
