using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Login;

/// <summary>Sends a browser to the provider and shows it the login line when it comes back.</summary>
internal sealed class BrowserLogin(ClusterClient cluster, ClientAddress clientAddress, PageLogins pages, AuditTrail audit)
{
    /// <summary>The login in progress: no other host of the domain can set it (RFC 6265bis §4.1.3.2).</summary>
    public const string Cookie = "__Host-registryproxy-login";

    /// <summary>The same by plain HTTP, where browsers keep no cookie with that prefix.</summary>
    public const string PlainCookie = "registryproxy_login";

    /// <summary>The longest word of a provider that is told, in characters.</summary>
    private const int MaxError = 64;

    /// <summary>When to try again what passes by itself, in seconds.</summary>
    private const int RetryAfter = 10;

    /// <summary>The login that was begun in this browser, as it says; nothing of it is proved.</summary>
    public static (LoginPurpose Purpose, Secret? Flow) Begun(HttpContext context, TokenService tokenService) =>
        LoginPurpose.Read(context.Request.Cookies[IsSecure(tokenService) ? Cookie : PlainCookie], tokenService.Tenant);

    /// <summary>Begins at once where there is one provider, and asks where there are several.</summary>
    public async Task<DistributionError?> Begin(HttpContext context, TokenService tokenService, QueryParameters query)
    {
        if (!query.TryGetSingle("authenticator", out var asked) || !query.TryGetSingle("for", out var word)
            || LoginPurpose.Named(word, tokenService.Tenant) is not { } purpose)
        {
            return LoginEndpoints.Malformed;
        }

        var names = purpose.LoginsOf(tokenService.Tenant);
        if (names.Count == 0)
        {
            return tokenService.Tenant.IsUnusable ? Tenant.Unusable : LoginEndpoints.Absent;
        }

        var name = asked ?? (names.Count == 1 ? names[0] : null);
        if (name is null)
        {
            await LoginPages.Choose(context, tokenService, names, purpose);
            return null;
        }

        return names.Contains(name) ? await Send(context, tokenService, name, purpose, null)
            : DistributionError.NotFound("There is no login with this name.");
    }

    /// <summary>Redirects to the provider, with the sealed login in a cookie.</summary>
    public async Task<DistributionError?> Send(
        HttpContext context, TokenService tokenService, string authenticator, LoginPurpose purpose, string? userCode)
    {
        var request = new InteractiveLoginRequest(
            tokenService.Tenant.Name, authenticator, tokenService.Origin + LoginEndpoints.CallbackPath, userCode,
            purpose == LoginPurpose.Administration);
        var start = await cluster.Call(
            (relay, stop) => relay.BeginInteractiveLogin(request, stop), CallPolicy.InteractiveLogin, context.RequestAborted);
        if (start.Address is null)
        {
            return DistributionError.Unavailable(StatusCodes.Status503ServiceUnavailable, start.Message, RetryAfter);
        }

        Keep(context, tokenService, purpose.Mark(start.Flow!), TimeSpan.FromMinutes(10));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = start.Address.AbsoluteUri;
        return null;
    }

    /// <summary>The browser is back.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tokenService">Where it began.</param>
    /// <param name="query">What it brought.</param>
    /// <param name="path">Where it came to: some providers have a path of their own.</param>
    public async Task<DistributionError?> Finish(HttpContext context, TokenService tokenService, QueryParameters query, string path)
    {
        var (purpose, flow) = Begun(context, tokenService);
        Keep(context, tokenService, "", TimeSpan.Zero);
        if (tokenService.Tenant.IsUnusable && purpose != LoginPurpose.Administration)
        {
            return Tenant.Unusable;
        }

        if (!query.TryGetSingle("code", out var code) || !query.TryGetSingle("state", out var state)
            || !query.TryGetSingle("error", out var error) || !query.TryGetSingle("iss", out var issuer))
        {
            return LoginEndpoints.Malformed;
        }

        if (string.IsNullOrEmpty(code) || state is null || flow is null)
        {
            var refused = LoginResult.Rejected(error is null || flow is null
                ? "This login was not begun in this browser, or is over." : "The provider did not log you in.");
            var told = flow is null || error is null ? refused : refused with { Reason = $"the provider answered {Word(error)}" };
            audit.BrowserLogin(context, tokenService, told, StatusCodes.Status400BadRequest);
            return DistributionError.Unsupported(refused.Message, StatusCodes.Status400BadRequest);
        }

        var reply = new InteractiveLoginReply
        {
            Tenant = tokenService.Tenant.Name,
            Service = tokenService.Service,
            Callback = tokenService.Origin + path,
            Flow = flow,
            State = state,
            Code = new Secret(code),
            Issuer = issuer ?? "",
            ClientAddress = clientAddress.Of(context)?.ToString() ?? "",
            MaxLifetime = purpose == LoginPurpose.Client ? null : (int)PageCookies.Life.TotalSeconds,
        };
        return await Show(context, tokenService, purpose, await Redeem(context, tokenService, reply));
    }

    /// <summary>The word of a provider for its refusal (RFC 6749 §4.1.2.1), as far as it is one.</summary>
    private static string Word(string error) =>
        error.Length is > 0 and <= MaxError && error.All(letter => letter is >= ' ' and <= '~' and not ('"' or '\\')) ? error : "an error";

    private async Task<LoginResult> Redeem(HttpContext context, TokenService tokenService, InteractiveLoginReply reply)
    {
        try
        {
            return await cluster.Call(
                (relay, stop) => relay.FinishInteractiveLogin(reply, stop), CallPolicy.Redemption, context.RequestAborted);
        }
        catch (ClusterUnavailableException)
        {
            audit.BrowserLogin(context, tokenService, new LoginResult { Status = LoginStatus.Unavailable });
            throw;
        }
    }

    private async Task<DistributionError?> Show(HttpContext context, TokenService tokenService, LoginPurpose purpose, LoginResult result)
    {
        audit.BrowserLogin(context, tokenService, result);
        if (result.Status != LoginStatus.Granted)
        {
            return result.Status switch
            {
                LoginStatus.Throttled => DistributionError.TooManyRequests(result.Message, RetryAfter),
                LoginStatus.Unavailable => DistributionError.Unavailable(
                    StatusCodes.Status503ServiceUnavailable, result.Message, RetryAfter),
                _ => DistributionError.Denied(result.Message),
            };
        }

        if (purpose != LoginPurpose.Client && result.AccessToken is not null)
        {
            return pages.Enter(context, tokenService, purpose, result);
        }

        await (result.RefreshToken is { } token ? LoginPages.LoginLine(context, tokenService, result.Subject, token)
            : LoginPages.DeviceDone(context, tokenService, result.Subject));
        return null;
    }

    private static bool IsSecure(TokenService tokenService) => tokenService.Origin.StartsWith("https:", StringComparison.Ordinal);

    /// <summary>Lax: the provider's redirect is a navigation from another site.</summary>
    private static void Keep(HttpContext context, TokenService tokenService, string value, TimeSpan life)
    {
        var isSecure = IsSecure(tokenService);
        context.Response.Cookies.Append(isSecure ? Cookie : PlainCookie, value, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = isSecure,
            Path = isSecure ? "/" : LoginEndpoints.Path,
            MaxAge = life,
        });
    }
}
