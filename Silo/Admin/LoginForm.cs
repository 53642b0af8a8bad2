using RegistryProxy.ServiceDefaults.Admin;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.Silo.Admin;

/// <summary><c>/login</c> of the admin listener: a browser gives the admin token once and gets a cookie for it.</summary>
internal sealed class LoginForm(AdminToken token)
{
    public const string Path = "/login";

    private const int MaxForm = 8 * 1024;

    /// <summary>Shows the form.</summary>
    public static Task Show(HttpContext context) => Write(context, StatusCodes.Status200OK, NextOf(context.Request.Query["next"]), "");

    /// <summary>Takes the token; answers with the cookie and the way back.</summary>
    public async Task Submit(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentLength is not (> 0 and <= MaxForm))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, "the login form sends the field token");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var next = NextOf(form["next"]);
        if (!token.Is(form["token"].ToString()) || token.NewCookie() is not { } cookie)
        {
            await Write(context, StatusCodes.Status401Unauthorized, next, "That is not the token of admin.token.");
            return;
        }

        context.Response.Cookies.Append(AdminToken.Cookie, cookie, new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", MaxAge = AdminToken.CookieLife,
        });
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = next;
    }

    /// <summary>Sends a browser that is not logged in to the form.</summary>
    public static void Redirect(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"{Path}?next={Uri.EscapeDataString(NextOf(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget))}";
    }

    /// <summary>A path of this listener, and nothing else.</summary>
    private static string NextOf(string? next) =>
        next is ['/', .. var rest] && !rest.StartsWith('/') && !rest.AsSpan().ContainsAny("\\\r\n") ? next : "/";

    private static Task Write(HttpContext context, int status, string next, string problem)
    {
        context.Response.StatusCode = status;
        var page = AdminPages.Text("login.html").Replace("{next}", HtmlEncoder.Default.Encode(next)).Replace("{problem}", problem);
        return AdminPages.Html(context, page);
    }
}
