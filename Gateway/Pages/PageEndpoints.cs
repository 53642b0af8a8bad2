using System.Text;
using RegistryProxy.Gateway.Administration;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Pages;

/// <summary>
/// <c>/</c> for browsers, and <c>/page/…</c>, which its script asks. <c>/page/v2/…</c> and <c>/page/admin/…</c> are the distribution API
/// and the administration of the tenant, answered by the same code for whom the cookie of the page stands; only the page's own script may
/// ask.
/// </summary>
internal sealed class PageEndpoints(
    PageDocument document, PageVisitors visitors, PageLogin login, OwnSessions sessions, DistributionEndpoints distribution,
    AdministrationEndpoint administration, TenantLimits limits)
{
    /// <summary>What comes before the addresses that the page asks.</summary>
    public const string Root = "/page";

    /// <summary>A header that the page's script sends, and that no link, image, frame or form can.</summary>
    public const string ScriptHeader = "X-Registryproxy-Page";

    private const string Content = Root + "/v2/";
    private const string Administered = Root + AdministrationEndpoint.Path;

    private static readonly DistributionError Foreign = DistributionError.Denied("this address is for the page of this registry alone");

    private static readonly DistributionError Stale = DistributionError.Denied(
        "the login of this browser has changed since the page was loaded, and nothing was done; load the page again");

    private static readonly DistributionError Nothing = DistributionError.NotFound("not found; the page is at /");

    /// <summary>Whether a request is the page's: its document, or what its script asks.</summary>
    public static bool Has(HttpContext context, ReadOnlySpan<char> path) =>
        path is "/" ? IsRead(context) && PageRequest.IsBy(context.Request) : path.StartsWith(Root + "/", StringComparison.Ordinal);

    /// <summary>
    /// Whether a path is one where somebody stops what floods the tenant: the administration, and what it takes to see it.
    /// </summary>
    public static bool IsOfAdministrators(ReadOnlySpan<char> path) =>
        path is PageLogin.AdministrationPath or PageLogin.StatePath or "/" || path.StartsWith(Administered, StringComparison.Ordinal)
        || path.StartsWith(PageDocument.Prefix, StringComparison.Ordinal);

    /// <summary>Answers, or returns the error for the browser.</summary>
    public Task<DistributionError?> Handle(HttpContext context, ReadOnlySpan<char> path, TokenService tokenService, FrontDoorMap map)
    {
        if (path is "/")
        {
            return Shown(context, IsElsewhere(context, tokenService) ? Lead(tokenService) : document.Show);
        }

        if (path.StartsWith(PageDocument.Prefix, StringComparison.Ordinal))
        {
            return IsRead(context) && document.Find(path) is { } asset ? Shown(context, asset)
                : Count(context, tokenService, Nothing);
        }

        return !context.Request.Headers.ContainsKey(ScriptHeader) || !PageCookies.IsFromHere(context.Request, tokenService)
                ? Count(context, tokenService, Foreign)
            : !IsRead(context) && !login.HasToken(context, tokenService) ? TellStale(context, tokenService)
            : path.StartsWith(Content, StringComparison.Ordinal) ? Ask(context, tokenService, map)
            : path.StartsWith(Administered, StringComparison.Ordinal) ? Administer(context, tokenService, map)
            : Answer(context, path, tokenService, map);
    }

    private Task<DistributionError?> Answer(HttpContext context, ReadOnlySpan<char> path, TokenService tokenService, FrontDoorMap map) =>
        (context.Request.Method, path.ToString()) switch
        {
            ("GET", PageLogin.StatePath) => login.Describe(context, tokenService, map),
            ("POST", PageLogin.LoginPath) => login.LogIn(context, tokenService),
            ("POST", PageLogin.LogoutPath) => login.LogOut(context, tokenService, map),
            ("POST", PageLogin.AdministrationPath) => login.Administer(context, tokenService),
            ("GET", OwnSessions.Path) => sessions.List(context, tokenService, map),
            ("POST", OwnSessions.RevokePath) => sessions.Revoke(context, tokenService, map),
            _ => Count(context, tokenService, Nothing),
        };

    /// <summary>The distribution API, for reading alone.</summary>
    private Task<DistributionError?> Ask(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        PushedContent.Confine(context.Response.Headers);
        if (!IsRead(context))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return Count(context, tokenService, DistributionError.Unsupported("the page only reads; push and delete with a client"));
        }

        visitors.ShowLogin(context, tokenService);
        PageVisitors.Enter(context);
        return distribution.Handle(context, tokenService, map, isPage: true);
    }

    private async Task<DistributionError?> Administer(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        if (!tokenService.Tenant.HasAdministrators)
        {
            return await Count(context, tokenService, Nothing);
        }

        visitors.ShowAdministrator(context, tokenService);
        PageVisitors.Enter(context);
        var error = await administration.Handle(context, tokenService, map);
        if (error is { Status: StatusCodes.Status401Unauthorized } && !context.Response.HasStarted)
        {
            PageCookies.Clear(context, PageCookies.Administration);
        }

        return error;
    }

    /// <summary>The page's script begins again with the login that the browser has now.</summary>
    private Task<DistributionError?> TellStale(HttpContext context, TokenService tokenService)
    {
        context.Response.Headers[ScriptHeader] = "stale";
        return Count(context, tokenService, Stale);
    }

    /// <summary>
    /// What is the same for everybody costs a tenant nothing, and counts towards no limit: one view is a dozen files, which everybody
    /// behind an address needs.
    /// </summary>
    private static async Task<DistributionError?> Shown(HttpContext context, RequestDelegate show)
    {
        await show(context);
        return null;
    }

    /// <summary>Logins and cookies are of the one address that the tenant shows itself by.</summary>
    private static bool IsElsewhere(HttpContext context, TokenService tokenService) => tokenService.Tenant.PublicUrl is { } known
        && HttpOrigin.Of(known) is { Host: var host } && Uri.CheckHostName(host) == UriHostNameType.Dns && Ascii.IsValid(host)
        && !RequestHost.NameOf(context.Request).TrimEnd('.').Equals(host, StringComparison.OrdinalIgnoreCase);

    private static RequestDelegate Lead(TokenService tokenService) => context =>
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"{tokenService.Origin}/";
        return Task.CompletedTask;
    };

    private async Task<DistributionError?> Count(HttpContext context, TokenService tokenService, DistributionError error) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? error;

    private static bool IsRead(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
}
