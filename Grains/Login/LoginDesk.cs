using System.Globalization;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

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

/// <summary>Who decided a login, as metrics name it: the operator's authenticators by their name, those of tenants together.</summary>
internal static class JudgeName
{
    /// <summary>The result with that name.</summary>
    public static LoginResult Of(IConfigurationFeed configuration, string tenant, LoginResult result)
    {
        var judge = result.Judge.Length > 0 ? result.Judge : result.Authenticator;
        return judge.Length > 0 && configuration.Current.Configuration.Authenticators.ContainsKey($"{tenant}/{judge}")
            ? result with { Judge = LoginResult.OwnJudge } : result;
    }
}

/// <summary>
/// When somebody proved who they are, which counts for the administration of a tenant. A password is proved now. A token is as old as its
/// <c>auth_time</c> says, else its <c>iat</c> (OpenID Connect Core 1.0 §2): it may have been kept, and lain in a log, since then.
/// </summary>
internal static class ProofTime
{
    /// <summary>The error of a login that is none of the last minutes.</summary>
    public const string TooOld =
        "the scope tenant:NAME:administer needs a login that is at most 14 minutes old by auth_time or iat: log in again";

    /// <summary>What is left of the 15 minutes at least: a client may count on a minute (distribution, spec/auth/token.md).</summary>
    private static readonly TimeSpan Left = TimeSpan.FromMinutes(1);

    /// <summary>Clocks of issuers may be ahead by this much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>When it was; <c>null</c> when nothing says it.</summary>
    public static DateTimeOffset? Of(LoginRequest request, VerifiedIdentity identity, DateTimeOffset now) =>
        request.Credentials.Kind == LoginCredentialsKind.Password ? now : Of(identity);

    /// <summary>The same of somebody who was proved by a token.</summary>
    public static DateTimeOffset? Of(VerifiedIdentity identity) => Claim(identity, "auth_time") ?? Claim(identity, "iat");

    /// <summary>Whether that is young enough.</summary>
    public static bool IsRecent(DateTimeOffset? proved, DateTimeOffset now) =>
        proved is { } at && now - at <= AdministrationScope.MaxLifetime - Left && at - now <= Skew;

    private static DateTimeOffset? Claim(VerifiedIdentity identity, string name) =>
        identity.Claims.TryGetValue(name, out var text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 1e11 ? UnixTime.OfSeconds((long)seconds) : null;
}
