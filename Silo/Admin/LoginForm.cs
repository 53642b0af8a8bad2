using RegistryProxy.Silo.Admin.Replies;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.ServiceDefaults.Admin;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>/login</c> of the admin listener: a browser gives the admin token once and gets a cookie for it.</summary>
internal sealed class LoginForm(
    AdminToken token, AdminGuesses guesses, EndpointDataSource endpoints, ClientAddress addresses, AuditLog audit, TimeProvider time)
{
    public const string Path = "/login";

    /// <summary>The longest form, in bytes.</summary>
    private const int MaxForm = 8 * 1024;
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>Shows the form.</summary>
    public Task Show(HttpContext context) =>
        Write(context, StatusCodes.Status200OK, ReturnPath.Of(context.Request.Query["next"], endpoints), "");

    /// <summary>Takes the token; answers with the cookie and the way back.</summary>
    public async Task Submit(HttpContext context)
    {
        if (await Read(context) is not { } form)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, "the login form sends the field token");
            return;
        }

        var next = ReturnPath.Of(form.Next, endpoints);
        var verdict = await guesses.Try(context, () => token.Is(form.Token));
        if (verdict is null)
        {
            AdminRefusal.TooManyGuesses.SetHeaders(context.Response);
            await Write(context, AdminRefusal.TooManyGuesses.Status, next,
                "Too many wrong tokens from this address. Try again in a few seconds.");
            return;
        }

        if (verdict is false || token.NewCookie() is not { } cookie)
        {
            Tell(context, StatusCodes.Status401Unauthorized, "wrong token");
            await Write(context, StatusCodes.Status401Unauthorized, next, "Wrong token: it is not the one in admin.token.");
            return;
        }

        Tell(context, StatusCodes.Status303SeeOther, null);
        context.Response.Cookies.Append(AdminToken.Cookie, cookie, new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = ListenerFeature.IsEncrypted(context), Path = "/",
            MaxAge = AdminToken.CookieLife,
        });
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = next;
    }

    /// <summary>Sends a browser that is not logged in to the form.</summary>
    public void Redirect(HttpContext context)
    {
        var next = ReturnPath.Of(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, endpoints);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"{Path}?next={Uri.EscapeDataString(next)}";
    }

    /// <summary>Guesses that come too fast have no line: there may be as many as anybody likes.</summary>
    private void Tell(HttpContext context, int status, string? reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = "operator-login",
        Client = addresses.Of(context)?.ToString(),
        Decision = reason is null ? "allow" : "deny",
        Status = status,
        Reason = reason,
    });

    private static async Task<(string? Next, string Token)?> Read(HttpContext context)
    {
        if (context.Request.ContentType?.StartsWith(FormType, StringComparison.OrdinalIgnoreCase) != true)
        {
            return null;
        }

        var text = await WholeBodies.Read(context, MaxForm, Encoding.ASCII.GetString);
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            using var reader = new FormReader(text);
            var form = reader.ReadForm();
            return (form.GetValueOrDefault("next"), form.GetValueOrDefault("token").ToString());
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static Task Write(HttpContext context, int status, string next, string problem)
    {
        context.Response.StatusCode = status;
        var page = AdminPages.Text("login.html").Replace("{next}", HtmlEncoder.Default.Encode(next)).Replace("{problem}", problem);
        return AdminPages.Html(context, page);
    }
}
