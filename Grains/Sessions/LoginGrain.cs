using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Identity.Nonces;
using RegistryProxy.Grains.Sessions.Keys;
using RegistryProxy.Grains.Sessions.Throttling;
using RegistryProxy.Grains.Sessions.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>Verify → open or resume the session → sign. Many of them work side by side; none keeps anything but the signing key of the hour.</summary>
[StatelessWorker, Reentrant]
internal sealed class LoginGrain(
    IConfigurationFeed configuration, PasswordLogin passwords, AuthenticatorDirectory authenticators, NonceAuthority nonces,
    LoginThrottle throttle, TimeProvider time)
    : Grain, ILoginGrain
{
    private static readonly TimeSpan MinLifetime = TimeSpan.FromSeconds(60);

    private SigningKey? _key;

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
            _ => await Grant(request, null, AccessRules.Match(tenant, null)),
        };
    }

    public async ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default) =>
        configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known) && authenticators.Find(known, authenticator) is ITokenAuthenticator
            ? await nonces.Create(tenant, authenticator)
            : null;

    private async ValueTask<LoginResult> WithPassword(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation) =>
        await Open(tenant, request, await Try(tenant, request, user, () => passwords.Verify(tenant, user, password, cancellation), cancellation));

    private async ValueTask<LoginResult> WithAssertion(
        TenantConfiguration tenant, LoginRequest request, string name, Secret credential, CancellationToken cancellation) =>
        authenticators.Find(tenant, name) is ITokenAuthenticator authenticator
            ? await Open(
                tenant, request,
                await Try(tenant, request, $"_{name}", () => authenticator.Verify(new PresentedCredential(tenant.Name, credential), cancellation), cancellation))
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

    private async ValueTask<LoginResult> Open(TenantConfiguration tenant, LoginRequest request, Verdict verdict)
    {
        if (verdict.Identity is not { } identity)
        {
            return Failure(verdict);
        }

        if (!identity.HasUsableSubject)
        {
            return LoginResult.Rejected("the subject of this identity is empty, too long or holds control characters");
        }

        var key = new SessionKey(tenant.Name, identity.Authenticator, identity.Subject);
        var session = await GrainFactory.GetGrain<ISessionAuthorityGrain>(key.ToString())
            .Open(new SessionOpening(identity, request.Offline, request.ClientAddress));
        return await Grant(request, session, session.Rules, session.RefreshToken);
    }

    private static LoginResult Failure(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Busy => new LoginResult { Status = LoginStatus.Throttled, Message = verdict.Message, RetryAfterSeconds = 2 },
        VerdictKind.Unavailable => new LoginResult { Status = LoginStatus.Unavailable, Message = verdict.Message, RetryAfterSeconds = 5 },
        _ => LoginResult.Rejected(verdict.Message),
    };

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
            { Session: { } session } => await Grant(request, session, session.Rules, text),
            { Unavailable: { } why } => Failure(Verdict.Unavailable(why)),
            _ => LoginResult.Rejected("this session has ended or was revoked; log in again"),
        };
    }

    private async ValueTask<LoginResult> Grant(
        LoginRequest request, OpenedSession? session, IReadOnlyList<GrantedRule> rules, Secret? refreshToken = null)
    {
        var granted = Intersect(request.Scopes, rules);
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var lifetime = Lifetime(session, now);
        return new LoginResult
        {
            Status = LoginStatus.Granted,
            AccessToken = AccessTokenWriter.Write(
                await SigningKey(), new AccessGrant(request.Tenant, request.Service, session, granted, now, lifetime)),
            ExpiresIn = (int)lifetime.TotalSeconds,
            IssuedAt = now,
            RefreshToken = refreshToken,
            Granted = granted,
            Authenticator = session?.Authenticator ?? "",
            Subject = session?.Subject ?? "",
        };
    }

    /// <summary>As configured, but not beyond the session; a client may count on a minute (distribution, spec/auth/token.md).</summary>
    private TimeSpan Lifetime(OpenedSession? session, DateTimeOffset now)
    {
        var lifetime = configuration.Current.Configuration.Tokens.AccessLifetime;
        var left = session is null ? lifetime : TimeSpan.FromSeconds(Math.Floor((session.Expires - now).TotalSeconds));
        return left >= lifetime ? lifetime : left < MinLifetime ? MinLifetime : left;
    }

    private static List<Scope> Intersect(IReadOnlyList<Scope> asked, IReadOnlyList<GrantedRule> rules) =>
    [
        .. asked
            .Select(scope => scope.Repository is { } repository
                ? scope with { Actions = scope.Actions & rules.ActionsOn(repository) }
                : scope with { Actions = rules.GrantCatalog() ? RepositoryActions.Catalog : RepositoryActions.None })
            .Where(scope => scope.Actions != RepositoryActions.None),
    ];

    private async ValueTask<SigningKey> SigningKey() =>
        _key is { } key && time.GetUtcNow() < key.UseUntil
            ? key
            : _key = await GrainFactory.GetGrain<IKeyRingGrain>(0).GetSigningKey();
}
