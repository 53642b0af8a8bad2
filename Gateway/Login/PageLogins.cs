using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Login;

/// <summary>Lets somebody into the page for people who logged in: by single sign-on, or with a password.</summary>
internal sealed class PageLogins(PageCookies cookies)
{
    private static readonly DistributionError NoLogin = DistributionError.Unauthorized(
        "wrong user name or password, or these are credentials of a machine, which do not log in here");

    private static readonly DistributionError NoAdministrator = DistributionError.Denied(
        "this login does not administer this registry; its operator says who does");

    private static readonly DistributionError TooLong =
        DistributionError.Unsupported("this login is too long for the cookie of a browser", StatusCodes.Status400BadRequest);

    /// <summary>Gives the browser the cookie of what was granted; the error when it is not what was wanted.</summary>
    public DistributionError? Give(HttpContext context, TokenService tokenService, LoginPurpose purpose, LoginResult granted)
    {
        if (purpose == LoginPurpose.Administration)
        {
            return !granted.Administers ? NoAdministrator
                : Write(PageCookies.Administration, granted.AccessToken, TimeSpan.FromSeconds(granted.ExpiresIn));
        }

        return granted.RefreshToken is not { } token ? NoLogin : Write(PageCookies.Visitor, token, LifeOf(granted.RefreshExpiresIn));

        DistributionError? Write(string cookie, Secret? secret, TimeSpan life) =>
            cookies.Write(context, tokenService, cookie, secret, life) is null ? TooLong : null;
    }

    /// <summary>The same for a browser that comes back from its provider: it goes on to the page.</summary>
    public DistributionError? Enter(HttpContext context, TokenService tokenService, LoginPurpose purpose, LoginResult granted)
    {
        if (Give(context, tokenService, purpose, granted) is { } error)
        {
            return error;
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Location = purpose == LoginPurpose.Administration ? "/#/administration" : "/";
        return null;
    }

    private static TimeSpan LifeOf(int? seconds) =>
        seconds is { } left && TimeSpan.FromSeconds(left) < PageCookies.Life ? TimeSpan.FromSeconds(left) : PageCookies.Life;
}
