using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Login;

/// <summary>Sends a browser to the provider and shows it the login line when it comes back.</summary>
internal sealed class BrowserLogin(ClusterClient cluster, ClientAddress clientAddress, AuditTrail audit)
{
    private const string Cookie = "registryproxy_login";

    /// <summary>Begins at once where there is one provider, and asks where there are several.</summary>
    public Task Begin(HttpContext context, TokenService tokenService, QueryParameters query)
    {
        var names = tokenService.Tenant.InteractiveLogins;
        if (!query.TryGetSingle("authenticator", out var asked))
        {
            return LoginPages.Problem(context, StatusCodes.Status400BadRequest, "The address of this page is malformed.");
        }

        return (asked ?? (names.Count == 1 ? names[0] : null)) switch
        {
            null => LoginPages.Choose(context, tokenService, names),
            var name when names.Contains(name) => Send(context, tokenService, name, null),
            _ => LoginPages.Problem(context, StatusCodes.Status404NotFound, "There is no login with this name."),
        };
    }

    /// <summary>Redirects to the provider, with the sealed login in a cookie.</summary>
    public async Task Send(HttpContext context, TokenService tokenService, string authenticator, string? userCode)
    {
        var request = new InteractiveLoginRequest(
            tokenService.Tenant.Name, authenticator, tokenService.Origin + LoginEndpoints.CallbackPath, userCode);
        var start = await cluster.Call(
            (relay, stop) => relay.BeginInteractiveLogin(request, stop), CallPolicy.InteractiveLogin, context.RequestAborted);
        if (start.Address is null)
        {
            await LoginPages.Problem(context, StatusCodes.Status503ServiceUnavailable, start.Message);
            return;
        }

        context.Response.Cookies.Append(Cookie, start.Flow!.Reveal(), CookieOptions(tokenService, TimeSpan.FromMinutes(10)));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = start.Address.AbsoluteUri;
    }

    /// <summary>The browser is back.</summary>
    public async Task Finish(HttpContext context, TokenService tokenService, QueryParameters query)
    {
        var flow = context.Request.Cookies[Cookie];
        context.Response.Cookies.Append(Cookie, "", CookieOptions(tokenService, TimeSpan.Zero));
        if (!query.TryGetSingle("code", out var code) || !query.TryGetSingle("state", out var state)
            || !query.TryGetSingle("error", out var error))
        {
            await LoginPages.Problem(context, StatusCodes.Status400BadRequest, "The address of this page is malformed.");
            return;
        }

        if (string.IsNullOrEmpty(code) || state is null || string.IsNullOrEmpty(flow))
        {
            var why = error is null ? "This login was not begun in this browser, or is over." : "The provider did not log you in.";
            await LoginPages.Problem(context, StatusCodes.Status400BadRequest, why);
            return;
        }

        await Show(context, tokenService, await Redeem(context, tokenService, new Secret(flow), state, new Secret(code)));
    }

    private async Task<LoginResult> Redeem(HttpContext context, TokenService tokenService, Secret flow, string state, Secret code)
    {
        var reply = new InteractiveLoginReply
        {
            Tenant = tokenService.Tenant.Name,
            Service = tokenService.Service,
            Callback = tokenService.Origin + LoginEndpoints.CallbackPath,
            Flow = flow,
            State = state,
            Code = code,
            ClientAddress = clientAddress.Of(context)?.ToString() ?? "",
        };
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

    private Task Show(HttpContext context, TokenService tokenService, LoginResult result)
    {
        audit.BrowserLogin(context, tokenService, result);
        return result switch
        {
            { Status: LoginStatus.Granted, RefreshToken: { } token } => LoginPages.LoginLine(context, tokenService, result.Subject, token),
            { Status: LoginStatus.Granted } => LoginPages.DeviceDone(context, tokenService, result.Subject),
            { Status: LoginStatus.Throttled } => LoginPages.Problem(context, StatusCodes.Status429TooManyRequests, result.Message),
            { Status: LoginStatus.Unavailable } => LoginPages.Problem(context, StatusCodes.Status503ServiceUnavailable, result.Message),
            _ => LoginPages.Problem(context, StatusCodes.Status403Forbidden, result.Message),
        };
    }

    /// <summary>Lax: the provider's redirect is a navigation from another site.</summary>
    private static CookieOptions CookieOptions(TokenService tokenService, TimeSpan life) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = tokenService.Origin.StartsWith("https:", StringComparison.Ordinal),
        Path = LoginEndpoints.Path,
        MaxAge = life,
    };
}
