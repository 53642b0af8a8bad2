using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Keys;
using RegistryProxy.Grains.Sessions.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>Verify → open or resume the session → sign. Many of them work side by side; none keeps anything but the signing key of the hour.</summary>
[StatelessWorker, Reentrant]
internal sealed class LoginGrain(IConfigurationFeed configuration, PasswordLogin passwords, TimeProvider time) : Grain, ILoginGrain
{
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
            { Kind: LoginCredentialsKind.Assertion, Name: var name } => LoginResult.Rejected($"this tenant has no token authenticator '{name}'"),
            _ => await Grant(request, null, AccessRules.Match(tenant, null)),
        };
    }

    private async ValueTask<LoginResult> WithPassword(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation)
    {
        var (verdict, identity) = await passwords.Verify(tenant, user, password, cancellation);
        if (verdict == PasswordVerdict.Busy)
        {
            return new LoginResult { Status = LoginStatus.Throttled, Message = "too many logins at once", RetryAfterSeconds = 2 };
        }

        if (identity is null)
        {
            return LoginResult.Rejected("wrong user name or password");
        }

        var key = new SessionKey(tenant.Name, identity.Authenticator, identity.Subject);
        var session = await GrainFactory.GetGrain<ISessionAuthorityGrain>(key.ToString())
            .Open(new SessionOpening(identity.CredentialStamp, request.Offline, request.ClientAddress));
        return await Grant(request, session, session.Rules, session.RefreshToken);
    }

    private async ValueTask<LoginResult> WithRefreshToken(LoginRequest request, Secret text)
    {
        if (!RefreshToken.TryParse(text, out var token))
        {
            return LoginResult.Rejected("this is not a session token of this registry; log in again");
        }

        var key = new SessionKey(request.Tenant, token.Authenticator, token.Subject);
        var session = await GrainFactory.GetGrain<ISessionAuthorityGrain>(key.ToString()).Resume(token.SessionId, token.Hash());
        return session is null
            ? LoginResult.Rejected("this session has ended or was revoked; log in again")
            : await Grant(request, session, session.Rules, text);
    }

    private async ValueTask<LoginResult> Grant(
        LoginRequest request, OpenedSession? session, IReadOnlyList<GrantedRule> rules, Secret? refreshToken = null)
    {
        var granted = Intersect(request.Scopes, rules);
        var lifetime = configuration.Current.Configuration.Tokens.AccessLifetime;
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
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
