using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Login;

/// <summary>The pages of a login: plain HTML, no script, nothing from elsewhere, kept by no cache and shown in no frame.</summary>
internal static class LoginPages
{
    private const string Style =
        ":root{color-scheme:light dark}"
        + "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}"
        + "h1{font-size:1.4rem}h1,p{overflow-wrap:anywhere}"
        + "body{background:#fff;color:#1a1a1a}a,a:visited{color:#0b57d0}"
        + "@media (prefers-color-scheme:dark){body{background:#121212;color:#eee}a,a:visited{color:#a8c7fa}}"
        + "pre{background:color-mix(in srgb,CanvasText 8%,Canvas);padding:1rem;white-space:pre-wrap;"
        + "word-break:break-all;border-radius:6px;user-select:all}"
        + "input,button,a.button{font:inherit;padding:.4rem .8rem;margin:.2rem 0}.code{font:700 1.5rem monospace}";

    /// <summary>What a device asks for that began with the scope of administration.</summary>
    private const string Administration =
        "<p id=\"administration\">It asks to <strong>administer</strong> this registry as you for 15 minutes: to end sessions, read the " +
        "audit log "
        + "and make tokens for machines.</p>";

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; " +
        $"frame-ancestors 'none'; base-uri 'none'";

    public static Task Choose(
        HttpContext context, TokenService tokenService, IReadOnlyList<string> authenticators, LoginPurpose purpose) => Write(
        context, StatusCodes.Status200OK, $"Log in to {tokenService.Authority}",
        string.Concat(authenticators.Select(
            name => $"<p><a class=\"button\" href=\"{Encode(AddressOf(name, purpose))}\">{Encode(name)}</a></p>")));

    public static Task LoginLine(HttpContext context, TokenService tokenService, string subject, Secret refreshToken) => Write(
        context, StatusCodes.Status200OK, $"Logged in to {tokenService.Authority} as {subject}",
        $"<p>Run this in a terminal:</p><pre id=\"command\">echo {Encode(refreshToken.Reveal())} | docker " +
        $"login {Encode(tokenService.Authority)} --username _session --password-stdin</pre>"
        + "<p>The token is good for this registry alone. It ends when it is revoked or expires; then come back to this page. Whoever " +
            "has it is you: do not share it.</p>");

    public static Task DeviceDone(HttpContext context, TokenService tokenService, string subject) => Write(
        context, StatusCodes.Status200OK, $"Logged in to {tokenService.Authority} as {subject}",
        "<p id=\"done\">Go back to the device: it goes on by itself. You can close this page.</p>");

    public static Task PromptForCode(HttpContext context, TokenService tokenService) => Write(
        context, StatusCodes.Status200OK, $"Log in a device to {tokenService.Authority}",
        $"<form method=\"get\" action=\"{LoginEndpoints.DevicePath}\"><label>The code that the device shows <input name=\"user_code\" " +
        $"autocomplete=\"off\" autofocus></label> <button>Next</button></form>");

    public static Task Confirm(HttpContext context, TokenService tokenService, string userCode, string address) => Write(
        context, StatusCodes.Status200OK, $"Log in a device to {tokenService.Authority}",
        $"<p>A device at {Encode(address)} asks to be logged in as you. Go on only if you started it and it shows this code:</p>" +
        $"<p class=\"code\">{Encode(userCode)}</p>"
        + (DeviceUserCode.Administers(userCode) ? Administration : "")
        + string.Concat(tokenService.Tenant.InteractiveLogins.Select(name =>
            $"<form method=\"post\" action=\"{LoginEndpoints.ConfirmPath}\"><input type=\"hidden\" name=\"user_code\" " +
            $"value=\"{Encode(userCode)}\">"
            + $"<input type=\"hidden\" name=\"authenticator\" value=\"{Encode(name)}\"><button>Log in " +
                $"with {Encode(name)}</button></form>")));

    /// <summary>Says what went wrong to a person; with <c>Retry-After</c> where it passes by itself.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="again">Where the person goes on.</param>
    public static Task Problem(HttpContext context, DistributionError error, string again)
    {
        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        context.Response.Headers.RetryAfter = error.RetryAfterSeconds?.ToString(CultureInfo.InvariantCulture);
        return Write(
            context, error.Status, "This did not work",
            $"<p id=\"problem\" role=\"alert\">{Encode(error.Message)}</p><p><a href=\"{again}\">Start again</a>. The operators of this " +
            $"registry find this request under {Encode(context.TraceIdentifier)}.</p>");
    }

    private static string AddressOf(string authenticator, LoginPurpose purpose) =>
        $"{LoginEndpoints.Path}?authenticator={Uri.EscapeDataString(authenticator)}"
        + (purpose == LoginPurpose.Client ? "" : $"&for={purpose.Word}");

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);

    private static async Task Write(HttpContext context, int status, string title, string body)
    {
        var page = Encoding.UTF8.GetBytes(
            $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" " +
            $"content=\"width=device-width\"><title>{Encode(title)}</title>"
            + $"<style>{Style}</style></head><body><h1>{Encode(title)}</h1>{body}</body></html>\n");
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        // Not no-referrer: the form of a device would come without its Origin then (Fetch, "append a request Origin header").
        response.Headers["Referrer-Policy"] = "same-origin";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }
}
