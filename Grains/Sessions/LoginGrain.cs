using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Identity.Nonces;
using RegistryProxy.Grains.Sessions.Login;
using RegistryProxy.Grains.Sessions.Throttling;
using RegistryProxy.Grains.Sessions.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>Verify → open or resume the session → sign. Many of them work side by side; none keeps anything.</summary>
[StatelessWorker, Reentrant, GrainType("login")]
internal sealed class LoginGrain(
    IConfigurationFeed configuration, PasswordLogin passwords, AuthenticatorDirectory authenticators, NonceAuthority nonces,
    LoginThrottle throttle, LoginGranter granter)
    : Grain, ILoginGrain
{
    public async ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default)
    {
        if (!configuration.Current.Configuration.Tenants.TryGetValue(request.Tenant, out var tenant))
        {
            return new LoginResult { Status = LoginStatus.Unavailable, Message = "this tenant is not known here yet", RetryAfterSeconds = 2 };
        }

        return request.Credentials switch
        {
            { Kind: LoginCredentialsKind.Password, Name: var user, Secret: { } password } =>
                await WithPassword(tenant, request, user, password, cancellation),
            { Kind: LoginCredentialsKind.RefreshToken, Secret: { } token } => await WithRefreshToken(request, token),
            { Kind: LoginCredentialsKind.Assertion, Name: var name, Secret: { } credential } =>
                await WithAssertion(tenant, request, name, credential, cancellation),
            { Kind: LoginCredentialsKind.DeviceCode, Secret: { } code } => await WithDeviceCode(request, code),
            _ => await granter.Grant(request, null, AccessRules.Match(tenant, null)),
        };
    }

    public async ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default) =>
        configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known) && authenticators.Find(known, authenticator) is ITokenAuthenticator
            ? await nonces.Create(tenant, authenticator)
            : null;

    private async ValueTask<LoginResult> WithPassword(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation) =>
        await granter.Open(request, await Try(tenant, request, user, () => passwords.Verify(tenant, user, password, cancellation), cancellation), cancellation);

    private async ValueTask<LoginResult> WithAssertion(
        TenantConfiguration tenant, LoginRequest request, string name, Secret credential, CancellationToken cancellation) =>
        authenticators.Find(tenant, name) is ITokenAuthenticator authenticator
            ? await granter.Open(
                request,
                await Try(tenant, request, $"_{name}", () => authenticator.Verify(new PresentedCredential(tenant.Name, credential), cancellation), cancellation),
                cancellation)
            : LoginResult.Rejected($"this tenant has no token authenticator '{name}'");

    private async ValueTask<Verdict> Try(
        TenantConfiguration tenant, LoginRequest request, string account, Func<ValueTask<Verdict>> verify, CancellationToken cancellation)
    {
        using var attempt = await throttle.Begin(tenant.Name, account, request.ClientAddress, cancellation);
        if (attempt is null)
        {
            return Verdict.TooMany;
        }

        var verdict = await verify();
        switch (verdict.Kind)
        {
            case VerdictKind.Proved:
                attempt.Succeed();
                break;
            case VerdictKind.Busy or VerdictKind.Unavailable:
                attempt.Forgive();
                break;
        }

        return verdict;
    }

    private async ValueTask<LoginResult> WithRefreshToken(LoginRequest request, Secret text)
    {
        if (!RefreshToken.TryParse(text, out var token))
        {
            return LoginResult.Rejected("this is not a session token of this registry; log in again");
        }

        var key = new SessionKey(request.Tenant, token.Authenticator, token.Subject);
        var resumed = await GrainFactory.GetGrain<ISessionAuthorityGrain>(key.ToString()).Resume(token.SessionId, token.Hash());
        return resumed switch
        {
            { Session: { } session } => await granter.Grant(request, session, session.Rules, text),
            { Unavailable: { } why } => LoginGranter.Failure(Verdict.Unavailable(why)),
            _ => LoginResult.Rejected("this session has ended or was revoked; log in again"),
        };
    }

    private async ValueTask<LoginResult> WithDeviceCode(LoginRequest request, Secret text)
    {
        if (!DeviceCode.TryParse(text, out var code))
        {
            return DeviceLogins.Refused(DeviceOutcome.Expired);
        }

        var answer = await GrainFactory.GetGrain<IDeviceLoginGrain>(DeviceCode.KeyOf(request.Tenant, code.UserCode)).Poll(code.Hash());
        return answer.Identity is { } identity
            ? await granter.Open(request with { Offline = true }, Verdict.Proved(identity))
            : DeviceLogins.Refused(answer.Outcome);
    }
}
