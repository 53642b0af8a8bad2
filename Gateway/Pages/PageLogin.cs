using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Pages;

/// <summary>Who the page is shown to, how people come in with a password, and how they leave.</summary>
internal sealed class PageLogin(
    PageCookies cookies, PageVisitors visitors, OwnSessions sessions, PageLogins login, Logins logins, TenantLimits limits,
    ClientAddress addresses)
{
    public const string StatePath = "/page/me";
    public const string LoginPath = "/page/login";
    public const string LogoutPath = "/page/logout";
    public const string AdministrationPath = "/page/administration";

    private static readonly DistributionError NoPassword = DistributionError.Unauthorized(
        "this is no user name of a person, or the password is too long; machines do not log in here");

    /// <summary>Whether a change was sent with the token that goes with the cookie.</summary>
    public bool HasToken(HttpContext context, TokenService tokenService) => cookies.HasToken(context, tokenService);

    /// <summary><c>GET /page/me</c>: what the page is to show, and a cookie for whoever has none.</summary>
    public async Task<DistributionError?> Describe(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        if (await limits.AdmitChallenged(tokenService.Tenant, context) is { } tooMany)
        {
            return tooMany;
        }

        var (caller, refusal) = await visitors.Identify(context, tokenService, map);
        if (caller is null && refusal!.Error.Status != StatusCodes.Status401Unauthorized)
        {
            return refusal.Error;
        }

        var token = caller is not null && cookies.Read(context, tokenService, PageCookies.Visitor) is not null
            ? PageCookies.TokenOf(context) : cookies.Write(context, tokenService, PageCookies.Visitor, null, PageCookies.Life);
        var tenant = tokenService.Tenant;
        var isOpen = cookies.Read(context, tokenService, PageCookies.Administration) is not null;
        return await PageReplies.Json(
            context,
            new PageState(
                tenant.Name, tokenService.Authority, token!, addresses.IsPrivate(context),
                tenant.AnonymousRules.Any(rule => rule.Actions.HasFlag(RepositoryActions.Pull)), tenant.TakesPasswords,
                tenant.InteractiveLogins,
                caller is null or { Token.IsAnonymous: true } ? null : new PagePerson(caller.Token.Subject, caller.Token.Authenticator),
                tenant.HasAdministrators
                    ? new PageAdministration(tenant.TakesAdministratorPasswords, tenant.AdministratorLogins, isOpen) : null),
            PageJson.Default.PageState);
    }

    /// <summary><c>POST /page/login</c></summary>
    public Task<DistributionError?> LogIn(HttpContext context, TokenService tokenService) =>
        Try(context, tokenService, LoginPurpose.Page);

    /// <summary><c>POST /page/administration</c>: the same for the administration of the tenant, for some minutes.</summary>
    public Task<DistributionError?> Administer(HttpContext context, TokenService tokenService) =>
        Try(context, tokenService, LoginPurpose.Administration);

    /// <summary><c>POST /page/logout</c>: ends the session, and the cookies.</summary>
    public async Task<DistributionError?> LogOut(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var (caller, refusal) = await visitors.Identify(context, tokenService, map);
        if (await Admit(context, tokenService, caller, refusal) is { } tooMany)
        {
            return tooMany;
        }

        if (caller is null && refusal!.Error.Status != StatusCodes.Status401Unauthorized)
        {
            return refusal.Error;
        }

        var ended = caller?.Token.Session is { } session ? await sessions.End(context, tokenService, caller.Token, session.Id) : 0;
        PageCookies.Clear(context, PageCookies.Visitor);
        PageCookies.Clear(context, PageCookies.Administration);
        return await PageReplies.Json(context, new PageRevoked(ended), PageJson.Default.PageRevoked);
    }

    private async Task<DistributionError?> Try(HttpContext context, TokenService tokenService, LoginPurpose purpose)
    {
        var (form, error) = await PageReplies.Read(context, PageJson.Default.PageLoginForm);
        if (form is null || !addresses.IsPrivate(context))
        {
            return await limits.AdmitStranger(tokenService.Tenant, context)
                ?? error ?? DistributionError.Unauthorized(
                    "logging in with a password requires HTTPS (behind a load balancer that ends TLS, the operator " +
                    "sets listen.trustedProxies)");
        }

        var credentials = TokenRequest.CredentialsOf(form.User, form.Password);
        var administers = purpose == LoginPurpose.Administration;
        var request = new TokenRequest(credentials, [], Offline: !administers, null, null)
        {
            Administers = administers ? [tokenService.Tenant.Name] : [],
            MaxLifetime = PageCookies.Life,
        };
        if (credentials.Kind != LoginCredentialsKind.Password || LoginBounds.Refuse(request) is not null)
        {
            return await limits.AdmitStranger(tokenService.Tenant, context) ?? NoPassword;
        }

        var (granted, refused) = await logins.Decide(context, tokenService, request);
        if (granted is null)
        {
            return refused;
        }

        if (!administers && context.Request.Cookies.ContainsKey(PageCookies.Administration))
        {
            // It may be another person than the one who administers in this browser.
            PageCookies.Clear(context, PageCookies.Administration);
        }

        return login.Give(context, tokenService, purpose, granted)
            ?? await PageReplies.Json(context, new PageRevoked(0), PageJson.Default.PageRevoked);
    }

    private ValueTask<DistributionError?> Admit(HttpContext context, TokenService tokenService, Caller? caller, Refusal? refusal) =>
        caller is not null ? limits.Admit(tokenService.Tenant, caller, context)
        : refusal!.IsCounted ? default
        : limits.AdmitStranger(tokenService.Tenant, context);
}
