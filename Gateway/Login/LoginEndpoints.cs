using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Login;

/// <summary>
/// <c>/login…</c>: where people with single sign-on come in, by browser or for a device. It is there only for tenants that let them.
/// </summary>
internal sealed class LoginEndpoints(BrowserLogin browser, DeviceLogin device)
{
    public const string Path = "/login";
    public const string CallbackPath = "/login/callback";
    public const string DevicePath = "/login/device";
    public const string ConfirmPath = "/login/device/confirm";

    /// <summary>Whether a request comes from a browser and wants a page, or from a device and wants JSON.</summary>
    public static bool WantsPage(string method, ReadOnlySpan<char> path) =>
        path is LoginEndpoints.Path or CallbackPath or ConfirmPath || (path is DevicePath && !HttpMethods.IsPost(method));

    public Task<DistributionError?> Handle(HttpContext context, TokenService tokenService, ReadOnlySpan<char> path)
    {
        var isGet = HttpMethods.IsGet(context.Request.Method);
        var isPost = HttpMethods.IsPost(context.Request.Method);
        if (tokenService.Tenant.InteractiveLogins.Count == 0)
        {
            return Task.FromResult<DistributionError?>(
                DistributionError.NotFound("browser login is not configured; it needs clientId on an oidc authenticator of this tenant"));
        }

        if (!TryReadQuery(context, out var query))
        {
            return Page(LoginPages.Problem(context, StatusCodes.Status400BadRequest, "The address of this page is malformed."));
        }

        return path switch
        {
            Path when isGet => Page(browser.Begin(context, tokenService, query)),
            CallbackPath when isGet => Page(browser.Finish(context, tokenService, query)),
            DevicePath when isGet => Page(device.Prompt(context, tokenService, query)),
            DevicePath when isPost => device.Begin(context, tokenService),
            ConfirmPath when isPost => Page(device.Confirm(context, tokenService)),
            _ => Task.FromResult<DistributionError?>(DistributionError.NotFound("not found; the login page is at /login")),
        };
    }

    private static async Task<DistributionError?> Page(Task written)
    {
        await written;
        return null;
    }

    private static bool TryReadQuery(HttpContext context, out QueryParameters query)
    {
        var target = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        return QueryParameters.TryParse(target.Query, out query);
    }
}
