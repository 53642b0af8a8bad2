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

    /// <summary>What is said where nobody logs in like that.</summary>
    public static DistributionError Absent { get; } = DistributionError.NotFound(
        "browser login is not configured; it needs clientId on an oidc authenticator of this tenant");

    /// <summary>What is said of a query that cannot be read.</summary>
    public static DistributionError Malformed { get; } =
        DistributionError.Unsupported("The address of this page is malformed.", StatusCodes.Status400BadRequest);

    /// <summary>Whether a path is one of these.</summary>
    public static bool Has(ReadOnlySpan<char> path) => path is LoginEndpoints.Path || path.StartsWith("/login/", StringComparison.Ordinal);

    /// <summary>Whether administrators of a tenant come that way whose configuration cannot be used, which they may mend.</summary>
    public static bool IsOfAdministrators(Tenant tenant, ReadOnlySpan<char> path) => tenant.AdministratorLogins.Count > 0
        && (path is LoginEndpoints.Path or CallbackPath || path.StartsWith($"{CallbackPath}/", StringComparison.Ordinal));

    /// <summary>
    /// Whether somebody logs in there to administer the tenant: begins to, or comes back from the provider. It proves nothing yet.
    /// </summary>
    public static bool IsForAdministration(HttpContext context, TokenService tokenService, ReadOnlySpan<char> path)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || !IsOfAdministrators(tokenService.Tenant, path))
        {
            return false;
        }

        var purpose = path is not Path ? BrowserLogin.Begun(context, tokenService).Purpose
            : TryReadQuery(context, out var query) && query.TryGetSingle("for", out var word)
                ? LoginPurpose.Named(word, tokenService.Tenant)
            : null;
        return purpose == LoginPurpose.Administration;
    }

    public Task<DistributionError?> Handle(HttpContext context, TokenService tokenService, ReadOnlySpan<char> path)
    {
        var isGet = HttpMethods.IsGet(context.Request.Method);
        var isPost = HttpMethods.IsPost(context.Request.Method);
        var isOfDevice = path is DevicePath or ConfirmPath;
        if ((isOfDevice ? tokenService.Tenant.InteractiveLogins : tokenService.Tenant.AdministratorLogins).Count == 0)
        {
            return Task.FromResult<DistributionError?>(Absent);
        }

        if (!TryReadQuery(context, out var query))
        {
            return Task.FromResult<DistributionError?>(Malformed);
        }

        return path switch
        {
            Path when isGet => browser.Begin(context, tokenService, query),
            CallbackPath when isGet => browser.Finish(context, tokenService, query, CallbackPath),
            DevicePath when isGet => device.Prompt(context, tokenService, query),
            DevicePath when isPost => device.Begin(context, tokenService),
            _ when isGet && path.StartsWith($"{CallbackPath}/", StringComparison.Ordinal) => browser.Finish(
                context, tokenService, query, path.ToString()),
            ConfirmPath when isPost => device.Confirm(context, tokenService),
            _ => Task.FromResult<DistributionError?>(DistributionError.NotFound("not found; the login page is at /login")),
        };
    }

    private static bool TryReadQuery(HttpContext context, out QueryParameters query)
    {
        var target = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        return QueryParameters.TryParse(target.Query, out query);
    }
}
