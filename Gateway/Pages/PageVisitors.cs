using System.Text;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Pages;

/// <summary>
/// Who looks at the page: what its cookie stands for becomes the credential of the request, so that it is identified, limited, asked about
/// and written down as any other. A credential that came in a header counts for nothing here.
/// </summary>
internal sealed class PageVisitors(PageCookies cookies, BasicLogin basic)
{
    /// <summary>The caller, or why there is none.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Identify(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        ShowLogin(context, tokenService);
        return BearerAuthentication.IsBasic(context.Request) ? await basic.Identify(context, tokenService, map)
            : (Gatekeeper.Anyone(tokenService), null);
    }

    /// <summary>Makes the request that of the person who logged in, or of nobody.</summary>
    public void ShowLogin(HttpContext context, TokenService tokenService) =>
        context.Request.Headers.Authorization = cookies.Read(context, tokenService, PageCookies.Visitor)?.Secret is { } token
            ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{TokenFields.SessionUser}:{token.Reveal()}"))
            : default;

    /// <summary>Makes the request that of the administrator who logged in, or of nobody.</summary>
    public void ShowAdministrator(HttpContext context, TokenService tokenService) =>
        context.Request.Headers.Authorization = cookies.Read(context, tokenService, PageCookies.Administration)?.Secret is { } token
            ? "Bearer " + token.Reveal()
            : default;

    /// <summary>Takes the prefix of the page from a target: what is left is answered as if it had come.</summary>
    public static void Enter(HttpContext context)
    {
        var feature = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        feature.RawTarget = feature.RawTarget[PageEndpoints.Root.Length..];
    }
}
