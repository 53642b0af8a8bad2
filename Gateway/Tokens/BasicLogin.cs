using RegistryProxy.Background;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>
/// A user name and password, or a refresh token, with a request to the distribution API itself, as Homebrew, Bazel, curl and wget send
/// them: the login that the token endpoint makes of them, once for all requests that carry them. It opens what the rules give, under the
/// lease of its session like any token.
/// </summary>
internal sealed class BasicLogin(
    Logins logins, RememberedLogins remembered, Gatekeeper gatekeeper, SnapshotRounds rounds, TenantLimits limits, AuditTrail audit,
    ClientAddress addresses)
{
    private readonly WantedFlights<BasicCredentialHash, Opened> _running = new();

    /// <summary>The caller, or why there is none.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Identify(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        if (!addresses.IsPrivate(context))
        {
            return Refuse("Basic authentication requires HTTPS; this password may have been sent in clear text: change it (behind a " +
                "load balancer that ends TLS, the operator sets listen.trustedProxies)");
        }

        if (BasicCredentialHash.Read(
            tokenService.Tenant.Name, context.Request.Headers.Authorization[0], CallerAddress.Of(addresses.Of(context))) is not { } hash)
        {
            return await Malformed(context, tokenService);
        }

        if (remembered.Find(hash) is { } known)
        {
            var (caller, refusal) = await gatekeeper.Decide(known, tokenService, context.RequestAborted);
            if (caller is not null || refusal!.Holder is not null)
            {
                return (caller, refusal);
            }

            // The session has ended; who still has the right password opens another.
        }

        return BasicCredentials.Read(context.Request) is { } credentials
            ? await Login(context, tokenService, map, hash, new TokenRequest(credentials, [], false, null, null))
            : await Malformed(context, tokenService);
    }

    private async ValueTask<(Caller? Caller, Refusal? Refusal)> Login(
        HttpContext context, TokenService tokenService, FrontDoorMap map, BasicCredentialHash hash, TokenRequest request)
    {
        if (request.Credentials.Kind is not (LoginCredentialsKind.Password or LoginCredentialsKind.RefreshToken))
        {
            return Refuse("a token is required; get one from the token endpoint, with credentials of machines, too");
        }

        if (LoginBounds.Refuse(request) is { } tooLong)
        {
            return await Refuse(context, tokenService, tooLong);
        }

        if (await logins.Before(context, tokenService, request) is { } tooSoon)
        {
            audit.Limited(context, tokenService, request, tooSoon);
            return await Refuse(context, tokenService, tooSoon);
        }

        var question = logins.RequestOf(context, tokenService, request);
        var isOwn = false;
        Opened? opened = null;
        try
        {
            opened = await _running.Join(hash, Begin, context.RequestAborted);
        }
        finally
        {
            // Who gave up before the answer proved nothing either; an answer is told by the first who hears it.
            var undecided = new LoginResult { Status = LoginStatus.Unavailable };
            if (opened?.IsUntold ?? Volatile.Read(ref isOwn))
            {
                audit.Login(context, tokenService, request, opened?.Result ?? undecided);
            }

            if (opened is null)
            {
                await logins.After(context, tokenService, request, undecided);
            }
        }

        if (opened.Token is { } token)
        {
            if (request.Credentials.Kind == LoginCredentialsKind.Password)
            {
                limits.Proved(tokenService.Tenant, request.Credentials.Name, token.Session!.Key);
            }

            return await gatekeeper.Decide(token, tokenService, context.RequestAborted);
        }

        var result = opened.Result;
        var error = result.Status == LoginStatus.Granted
            ? DistributionError.Unavailable(503, "this gateway does not have the signing key of this login yet", 2)
            : Logins.ErrorOf(result);
        return (null, new Refusal(await logins.After(context, tokenService, request, result) ?? error) { IsCounted = true });

        Task<Opened> Begin(CancellationToken stop)
        {
            Volatile.Write(ref isOwn, true);
            return LogIn(question, hash, map, stop);
        }
    }

    private async Task<Opened> LogIn(LoginRequest question, BasicCredentialHash hash, FrontDoorMap map, CancellationToken stop)
    {
        var result = await logins.LogIn(question, stop);
        if (result.Status != LoginStatus.Granted)
        {
            return new Opened(result, null);
        }

        var text = result.AccessToken!.Reveal();
        var token = map.Verifier.Verify(text) ?? (await rounds.Newer(map, stop))?.Verifier.Verify(text);
        if (token?.Session is null)
        {
            return new Opened(result, null);
        }

        var whole = token.Whole();
        if (!stop.IsCancellationRequested)
        {
            remembered.Remember(hash, whole);
        }

        return new Opened(result, whole);
    }

    private Task<(Caller?, Refusal?)> Malformed(HttpContext context, TokenService tokenService) => Refuse(
        context, tokenService, DistributionError.Unauthorized(
            "the Authorization header must be Basic base64(user:password)"));

    private static (Caller?, Refusal?) Refuse(string why) => (null, new Refusal(DistributionError.Unauthorized(why)));

    private async Task<(Caller?, Refusal?)> Refuse(HttpContext context, TokenService tokenService, DistributionError error) =>
        (null, new Refusal(await limits.AdmitStranger(tokenService.Tenant, context) ?? error) { IsCounted = true });

    /// <summary>What came of a login.</summary>
    private sealed record Opened(LoginResult Result, AccessToken? Token)
    {
        private int _told;

        /// <summary>Whether nobody has written it down yet; <c>true</c> once.</summary>
        public bool IsUntold => Interlocked.Exchange(ref _told, 1) == 0;
    }
}
