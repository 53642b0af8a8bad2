using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>From a verdict to the answer: opens the session, intersects the scopes, signs.</summary>
internal sealed class AccessTokenIssuer(
    IGrainFactory grains, SigningKeys keys, RoutingSeal seal, IConfigurationFeed configuration, GoodAddresses good, TimeProvider time)
{
    private static readonly TimeSpan MinLifetime = TimeSpan.FromSeconds(60);

    /// <summary>Clocks of issuers may be behind by this much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private static readonly GrainRetry Opening =
        new(typeof(ISessionAuthorityGrain), nameof(ISessionAuthorityGrain.Open), TimeSpan.FromSeconds(8));

    /// <summary>Opens a session for whom the verdict proved, or says why not.</summary>
    public async ValueTask<LoginResult> Open(LoginRequest request, Verdict verdict, CancellationToken cancellation = default)
    {
        if (verdict.Identity is not { } identity)
        {
            return Failure(verdict);
        }

        if (Fault(identity, time.GetUtcNow()) is { } fault)
        {
            return LoginResult.Rejected(fault);
        }

        identity = Lasting(identity, time.GetUtcNow());
        var administers = Administers(request, identity, out var isStranger);
        if (isStranger)
        {
            return Stranger(request, identity);
        }

        var proved = ProofTime.Of(request, identity, time.GetUtcNow());
        if (administers && !ProofTime.IsRecent(proved, time.GetUtcNow()))
        {
            return LoginResult.Rejected(ProofTime.TooOld) with { Authenticator = identity.Authenticator, Subject = identity.Subject };
        }

        if (request.Administers)
        {
            request = request with { Offline = false, Administers = administers };
        }

        var key = new SessionKey(request.Tenant, identity.Authenticator, identity.Subject);
        var routing = request.Offline ? await seal.Write(RefreshToken.SealKind, key.ToString(), cancellation) : null;
        var opening = new SessionOpening(
            identity, request.Offline, request.ClientAddress, request.NodeAgent, routing, request.MaxLifetime,
            request.Credentials.Kind == LoginCredentialsKind.Assertion);
        var session = await Opening.Call(
            () => grains.GetGrain<ISessionAuthorityGrain>(key.ToString()).Open(opening), time, cancellation);
        var issued = await Issue(
            request, session, session.Rules, session.RefreshToken, administers ? proved + AdministrationScope.MaxLifetime : null,
            cancellation);
        return identity.Robot is null ? issued : issued with { RobotSecret = identity.CredentialStamp };
    }

    /// <summary>What is wrong with an identity, whoever proved it; <c>null</c> for nothing.</summary>
    private static string? Fault(VerifiedIdentity identity, DateTimeOffset now) =>
        !identity.HasUsableSubject ? "the subject of this identity is empty, too long or contains control characters"
        : !identity.IsBounded ? $"this identity has more than {VerifiedIdentity.MaxGroups} groups, {VerifiedIdentity.MaxClaims} claims " +
            $"or {VerifiedIdentity.MaxText >> 10} KiB of both"
        : identity.Expires + Skew <= now ? $"expired: the credential ended at {identity.Expires:u}, and it is {now:u} here"
        : null;

    /// <summary>
    /// A credential that ends at this moment, or did by a clock that is behind, opens a session for as long as the token of it is said to
    /// last: else it would be dead when it is first used.
    /// </summary>
    private static VerifiedIdentity Lasting(VerifiedIdentity identity, DateTimeOffset now) =>
        identity.Expires < now + MinLifetime ? identity with { Expires = now + MinLifetime } : identity;

    /// <summary>A password that is right must not be told from one that is wrong: what is true is for operators.</summary>
    private static LoginResult Stranger(LoginRequest request, VerifiedIdentity identity)
    {
        const string Reason = "this login is for administrators of this tenant alone";
        var message = request.Credentials.Kind == LoginCredentialsKind.Password ? Verdict.WrongPassword.Message : Reason;
        return LoginResult.Rejected(message) with
        {
            Authenticator = identity.Authenticator, Subject = identity.Subject, Reason = Reason,
        };
    }

    /// <summary>Whether a proof that was just made opens the administration of its tenant: never one of a node.</summary>
    private bool Administers(LoginRequest request, VerifiedIdentity identity, out bool isStranger)
    {
        var tenant = configuration.Current.Configuration.Tenants.GetValueOrDefault(request.Tenant);
        var administers = request is { Administers: true, NodeAgent: false } && tenant is not null
            && AccessRules.Administers(tenant, identity);
        isStranger = !administers && tenant?.IsForAdministratorsAlone(identity.Authenticator) == true;
        return administers;
    }

    /// <summary>The answer to somebody who proved nothing.</summary>
    public static LoginResult Failure(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Busy => new LoginResult { Status = LoginStatus.Throttled, Message = verdict.Message, RetryAfterSeconds = 2 },
        VerdictKind.Unavailable => new LoginResult { Status = LoginStatus.Unavailable, Message = verdict.Message, RetryAfterSeconds = 5 },
        _ => LoginResult.Rejected(verdict.Message) with
        {
            Reason = verdict.Reason, Authenticator = verdict.Known?.Authenticator ?? "", Subject = verdict.Known?.Subject ?? "",
        },
    };

    /// <summary>
    /// Signs an access token for a session, or for everybody when there is none; one that opens the administration of the tenant until
    /// <paramref name="administersUntil"/>.
    /// </summary>
    public async ValueTask<LoginResult> Issue(
        LoginRequest request, OpenedSession? session, IReadOnlyList<GrantedRule> rules, Secret? refreshToken = null,
        DateTimeOffset? administersUntil = null, CancellationToken cancellation = default)
    {
        if (session is not null)
        {
            good.Remember(request.Tenant, request.ClientAddress);
        }

        var granted = Intersect(request.Scopes, rules);
        var now = UnixTime.OfSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var administers = administersUntil is not null;
        var lifetime = Lifetime(session, now, administersUntil);
        return new LoginResult
        {
            Status = LoginStatus.Granted,
            AccessToken = AccessTokenWriter.Write(
                await keys.Current(cancellation),
                new AccessTokenDescriptor(request.Tenant, request.Service, session, granted, now, lifetime, administers)),
            ExpiresIn = (int)lifetime.TotalSeconds,
            IssuedAt = now,
            RefreshToken = refreshToken,
            RefreshExpiresIn = refreshToken is null || session is null ? null : (int)(session.Expires - now).TotalSeconds,
            Granted = granted,
            Administers = administers,
            Authenticator = session?.Authenticator ?? "",
            Subject = session?.Subject ?? "",
        };
    }

    /// <summary>As configured, but not beyond the session; a client may count on a minute (distribution, spec/auth/token.md).</summary>
    private TimeSpan Lifetime(OpenedSession? session, DateTimeOffset now, DateTimeOffset? administersUntil)
    {
        var lifetime = configuration.Current.Configuration.Tokens.AccessLifetime;
        lifetime = administersUntil is { } until && until - now < lifetime ? Whole(until - now) : lifetime;
        var left = session is null ? lifetime : Whole(session.Expires - now);
        return left >= lifetime ? lifetime : left < MinLifetime ? MinLifetime : left;
    }

    private static TimeSpan Whole(TimeSpan time) => TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds));

    private static List<Scope> Intersect(IReadOnlyList<Scope> asked, IReadOnlyList<GrantedRule> rules) =>
    [
        .. asked
            .Select(scope => scope.Repository is { } repository
                ? scope with { Actions = Carried(scope.Actions, rules.ActionsOn(repository)) }
                : scope with { Actions = rules.GrantCatalog() ? RepositoryActions.Catalog : RepositoryActions.None })
            .Where(scope => scope.Actions != RepositoryActions.None),
    ];

    /// <summary>
    /// What is asked for and allowed. Who may only push looks what is there first, and some clients ask for nothing but pull then; gateways
    /// take such a token for that alone, since the rules count beside what it carries.
    /// </summary>
    private static RepositoryActions Carried(RepositoryActions asked, RepositoryActions allowed) =>
        (asked & allowed) | (allowed.HasFlag(RepositoryActions.Push) ? asked & RepositoryActions.Pull : RepositoryActions.None);
}

/// <summary>Writes access tokens (distribution, spec/auth/jwt.md), signed by ES256 (RFC 7518 §3.4).</summary>
internal static class AccessTokenWriter
{
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The key that signed last, ready to sign.</summary>
    private static volatile Signer? _last;

    public static Secret Write(SigningKey key, AccessTokenDescriptor tokenDescriptor)
    {
        var known = _last;
        var signer = known?.IsOf(key) == true ? known : _last = new Signer(key);
        var descriptor = new SecurityTokenDescriptor
        {
            TokenType = AccessTokenClaims.Type,
            Issuer = AccessTokenClaims.IssuerPrefix + tokenDescriptor.Tenant,
            Audience = tokenDescriptor.Service,
            IssuedAt = tokenDescriptor.IssuedAt.UtcDateTime,
            NotBefore = tokenDescriptor.IssuedAt.UtcDateTime,
            Expires = (tokenDescriptor.IssuedAt + tokenDescriptor.Lifetime).UtcDateTime,
            Claims = Claims(tokenDescriptor),
            SigningCredentials = signer.Credentials,
        };
        return new Secret(Handler.CreateToken(descriptor));
    }

    private static Dictionary<string, object> Claims(AccessTokenDescriptor descriptor)
    {
        var claims = new Dictionary<string, object>
        {
            [AccessTokenClaims.Subject] = descriptor.Session?.Subject ?? "",
            [AccessTokenClaims.Id] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            [AccessTokenClaims.Access] = (Dictionary<string, object>[])
            [
                .. descriptor.Scopes.Select(Entry),
                .. descriptor.Administers ? [Administration(descriptor.Tenant)] : Array.Empty<Dictionary<string, object>>(),
            ],
        };
        if (descriptor.Session is { } session)
        {
            claims[AccessTokenClaims.Session] = session.SessionId;
            claims[AccessTokenClaims.Generation] = session.Generation;
            claims[AccessTokenClaims.Authenticator] = session.Authenticator;
        }

        return claims;
    }

    private static Dictionary<string, object> Administration(string tenant) => new()
    {
        ["type"] = AdministrationScope.Type, ["name"] = tenant, ["actions"] = (string[])[AdministrationScope.Action],
    };

    private static Dictionary<string, object> Entry(Scope scope) => new()
    {
        ["type"] = scope.Repository is null ? "registry" : "repository",
        ["name"] = scope.Repository?.Value ?? "catalog",
        ["actions"] = scope.Repository is null ? ["*"] : scope.Actions.Names().ToArray(),
    };

    /// <summary>To read a key takes longer than to sign by it. It may be used by many threads.</summary>
    private sealed class Signer
    {
        private readonly SigningKey _key;

        public Signer(SigningKey key)
        {
            _key = key;
            var ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(Convert.FromBase64String(key.Pkcs8.Reveal()), out _);
            Credentials = new SigningCredentials(
                new ECDsaSecurityKey(ecdsa)
                {
                    KeyId = key.Id, CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = true },
                },
                SecurityAlgorithms.EcdsaSha256);
        }

        public SigningCredentials Credentials { get; }

        public bool IsOf(SigningKey key) => key.Id == _key.Id && key.Pkcs8.Equals(_key.Pkcs8);
    }
}

/// <summary>What an access token says.</summary>
internal sealed record AccessTokenDescriptor(
    string Tenant, string Service, OpenedSession? Session, IReadOnlyList<Scope> Scopes, DateTimeOffset IssuedAt, TimeSpan Lifetime,
    bool Administers = false);
