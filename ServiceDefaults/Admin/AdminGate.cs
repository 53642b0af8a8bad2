using Microsoft.AspNetCore.Http;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// Who may use the admin listener. On loopback: whoever is on this machine, but no web page of another site (Host and Origin must be
/// loopback). Elsewhere, and wherever a token is configured: who has the admin token, by header or by the cookie of the login form.
/// </summary>
public sealed class AdminGate(AdminToken token, AdminGuesses guesses, AdminRefusals refusals, bool isLoopback)
{
    /// <summary><c>null</c> when the request may go on.</summary>
    public async ValueTask<AdminRefusal?> Refuse(HttpContext context)
    {
        if (RefuseOrigin(context) is { } foreign)
        {
            return foreign;
        }

        if (isLoopback && !token.IsConfigured)
        {
            return null;
        }

        return !token.IsTriedBy(context.Request) ? Unauthorized
            : await guesses.Try(context, () => token.IsCarriedBy(context.Request)) switch
        {
            true => null,
            false => Told(context, Unauthorized, "wrong admin token, or the cookie of a former one"),
            null => Told(context, AdminRefusal.TooManyGuesses, "limited: too many wrong admin tokens"),
        };
    }

    /// <summary>Refuses what the page of another site sends.</summary>
    public AdminRefusal? RefuseOrigin(HttpContext context) =>
        OriginRefusal(context.Request) is { } refusal ? Told(context, refusal, refusal.Message) : null;

    private AdminRefusal Told(HttpContext context, AdminRefusal refusal, string reason)
    {
        refusals.Tell(context, refusal, reason);
        return refusal;
    }

    private AdminRefusal? OriginRefusal(HttpRequest request) =>
        isLoopback && !RequestHost.IsLoopback(RequestHost.NameOf(request))
            ? new(StatusCodes.Status403Forbidden, "on loopback the admin listener answers to localhost alone")
        : IsOwnOrigin(request) ? null
        : new(StatusCodes.Status403Forbidden, "pages of other sites may not use the admin listener");

    private static AdminRefusal Unauthorized { get; } =
        new(StatusCodes.Status401Unauthorized, "the admin listener needs Authorization: Bearer with the token of admin.token");

    private static bool IsOwnOrigin(HttpRequest request) =>
        request.Headers.Origin.ToString() is var origin
        && (origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && HttpOrigin.TryGet(uri, out var page)
            && page.IsNamed(RequestHost.Of(request))));
}
