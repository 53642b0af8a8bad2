using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>Verify → open or resume the session → sign. Many of them work side by side; none keeps anything.</summary>
[StatelessWorker, Reentrant, GrainType("login")]
internal sealed class LoginGrain(
    IConfigurationFeed configuration, PasswordLogin passwords, AuthenticatorDirectory authenticators, NonceAuthority nonces,
    LoginThrottle throttle, LoginVerifier verifier, AccessTokenIssuer issuer, RoutingSeal seal, UnprovedTokens unproved, EndedTokens ended,
    GoodAddresses good,
    DeviceLogins devices)
    : Grain, ILoginGrain
{
    /// <summary>A longer name is not one of a configuration, and is not repeated.</summary>
    private const int MaxNameShown = 64;

    public async ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default)
    {
        if (!configuration.Current.Configuration.Tenants.TryGetValue(request.Tenant, out var tenant))
        {
            return new LoginResult
            {
                Status = LoginStatus.Unavailable, Message = "this tenant is not known here yet", RetryAfterSeconds = 2
            };
        }

        return await verifier.Within(LoginTimes.Login, stop => request.Credentials switch
        {
            { Kind: LoginCredentialsKind.Password, Name: var user, Secret: { } password } =>
                WithPassword(tenant, request, user, password, stop),
            { Kind: LoginCredentialsKind.RefreshToken, Secret: { } token } => WithRefreshToken(tenant, request, token, stop),
            { Kind: LoginCredentialsKind.Assertion, Name: var name, Secret: { } credential } =>
                WithAssertion(tenant, request, name, credential, stop),
            { Kind: LoginCredentialsKind.DeviceCode, Secret: { } code } => WithDeviceCode(request, code, stop),
            _ => issuer.Issue(request, null, AccessRules.Match(tenant, null), cancellation: stop),
        }, cancellation);
    }

    public async ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default) =>
        configuration.Current.Configuration.Tenants.TryGetValue(tenant, out var known)
            && authenticators.Find(known, authenticator) is ITokenAuthenticator
            ? await nonces.Create(tenant, authenticator)
            : null;

    /// <summary>
    /// An empty password proves nothing and is what kubelet sends when Docker's configuration holds an identity token: refused without
    /// being charged. A refresh token is taken as the password of its own user, as clients of ACR and sigstore send it.
    /// </summary>
    private async ValueTask<LoginResult> WithPassword(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation)
    {
        if (password.Reveal().Length == 0)
        {
            return LoginResult.Rejected("the password is empty; a client with an identity token must send that token");
        }

        if (RefreshToken.TryParse(password, out var token) && token.Subject == user)
        {
            return await WithRefreshToken(tenant, request, password, cancellation);
        }

        if (RobotName.TryGet(user, out var robot))
        {
            return await AsRobot(tenant, request, robot, password, cancellation);
        }

        var (caller, judge) = (CallerAddress.Of(request.ClientAddress), "");
        var verdict = await verifier.Verify(
            stop => throttle.Begin(tenant.Name, user, request.ClientAddress, stop),
            stop => Check(
                tenant, request, user, password, new PasswordSource(tenant.Name, caller.Site, good.Has(tenant.Name, caller)),
                name => judge = name, stop),
            cancellation);
        return await Conclude(request, verdict, judge, cancellation);
    }

    /// <summary>
    /// Who wants to administer is looked for among the administrators' authenticators: only whom all of them say that they do not know is
    /// looked for among the tenant's, so that nothing which a tenant defines gets to see an administrator's password.
    /// </summary>
    private async ValueTask<Verdict> Check(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, PasswordSource from, Action<string> asks,
        CancellationToken cancellation)
    {
        var verdict = request.Administers
            ? await passwords.Verify(authenticators.OfAdministrators(tenant), user, password, from, asks, cancellation) : Verdict.Unknown;
        return verdict.Kind != VerdictKind.Unknown ? verdict
            : await passwords.Verify(authenticators.Of(tenant), user, password, from, asks, cancellation);
    }

    private async ValueTask<LoginResult> AsRobot(
        TenantConfiguration tenant, LoginRequest request, string robot, Secret secret, CancellationToken cancellation)
    {
        var verdict = await verifier.Verify(
            stop => throttle.BeginRobot(tenant.Name, robot, secret, request.ClientAddress, stop),
            stop => authenticators.Robots.Verify(tenant.Name, robot, secret, request.ClientAddress, stop),
            cancellation);
        return await Conclude(request, verdict, AuthenticatorConfiguration.Robot, cancellation);
    }

    private async ValueTask<LoginResult> WithAssertion(
        TenantConfiguration tenant, LoginRequest request, string name, Secret credential, CancellationToken cancellation)
    {
        if ((request.Administers ? authenticators.FindAny(tenant, name) : authenticators.Find(tenant, name))
            is not ITokenAuthenticator authenticator)
        {
            return LoginResult.Rejected(
                $"this tenant has no token authenticator {(name.Length <= MaxNameShown ? $"'{name}'" : "of this name")}");
        }

        var verdict = await verifier.JudgeText(
            stop => throttle.BeginProof(tenant.Name, name, request.ClientAddress, stop, authenticator.PartOf(credential)),
            stop => authenticator.Verify(new PresentedCredential(tenant.Name, credential), stop),
            cancellation);
        return await Conclude(request, verdict, name, cancellation);
    }

    private async ValueTask<LoginResult> Conclude(
        LoginRequest request, Verdict verdict, string judge, CancellationToken cancellation) =>
        await verifier.Conclude(() => issuer.Open(request, verdict, cancellation), cancellation) with { Judge = judge };

    /// <summary>
    /// A token without the cluster's seal may name a session of nobody's, so it is charged until its session knows it; one with a seal is
    /// charged when its session has ended.
    /// </summary>
    private async ValueTask<LoginResult> WithRefreshToken(
        TenantConfiguration tenant, LoginRequest request, Secret text, CancellationToken cancellation)
    {
        if (!RefreshToken.TryParse(text, out var token)
            || (token.Authenticator != AuthenticatorConfiguration.Robot && !tenant.Authenticators.Contains(token.Authenticator)))
        {
            return LoginResult.Rejected("this is not a session token of this registry; log in again");
        }

        var key = new SessionKey(request.Tenant, token.Authenticator, token.Subject).ToString();
        var proved = await seal.IsGood(token.Seal, RefreshToken.SealKind, key, cancellation);
        var charge = proved ? null : unproved.TryCharge(request.Tenant, request.ClientAddress);
        if (proved ? ended.AreTooMany(key, token.SessionId, request.ClientAddress) : charge is null)
        {
            return AccessTokenIssuer.Failure(Verdict.TooMany);
        }

        var resumed = await GrainFactory.GetGrain<ISessionAuthorityGrain>(key).Resume(token.SessionId, token.Hash());
        if (resumed is not { Session: null, Unavailable: null })
        {
            charge?.Forgive();
        }
        else if (proved)
        {
            ended.Charge(key, token.SessionId, request.ClientAddress);
        }

        return resumed switch
        {
            { Session: { } session } => await issuer.Issue(request, session, session.Rules, text, cancellation: cancellation),
            { Unavailable: { } why } => AccessTokenIssuer.Failure(Verdict.Unavailable(why)),
            _ => LoginResult.Rejected("this session has ended or was revoked; log in again") with
            {
                Authenticator = proved ? token.Authenticator : "", Subject = proved ? token.Subject : "",
            },
        };
    }

    private async ValueTask<LoginResult> WithDeviceCode(LoginRequest request, Secret text, CancellationToken cancellation)
    {
        if (!DeviceCode.TryParse(text, out var code))
        {
            return DeviceLogins.Refused(DeviceOutcome.Expired);
        }

        return await devices.Poll(request.Tenant, code, request.ClientAddress, cancellation) switch
        {
            null => AccessTokenIssuer.Failure(Verdict.TooMany),
            { Identity: { } identity } => await verifier.Conclude(
                () => issuer.Open(request with { Offline = !request.Administers }, Verdict.Proved(identity), cancellation), cancellation),
            { Outcome: var outcome } => DeviceLogins.Refused(outcome),
        };
    }
}
