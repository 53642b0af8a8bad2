using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.PageSessions;

/// <summary>
/// The cookies of the page for people: <c>__Host-</c>, <c>HttpOnly</c>, <c>SameSite=Strict</c>, <c>Secure</c> (RFC 6265bis §4.1.3). They
/// are read below <c>/page/</c> alone.
/// </summary>
internal sealed class PageCookies(PageSeal seal, TimeProvider time)
{
    /// <summary>Who the page is shown to.</summary>
    public const string Visitor = "__Host-registryproxy";

    /// <summary>The administration of the tenant, for the minutes that its token lives.</summary>
    public const string Administration = "__Host-registryproxy-administration";

    /// <summary>The header that brings the token against forged requests.</summary>
    public const string TokenHeader = "X-Csrf-Token";

    /// <summary>The longest value, in characters: browsers keep no longer cookie.</summary>
    public const int MaxValue = 3800;

    /// <summary>How long somebody stays logged in on the page.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(12);

    /// <summary>The session of a cookie; <c>null</c> when there is none that is good.</summary>
    public PageSession? Read(HttpContext context, TokenService tokenService, string cookie) =>
        context.Request.Cookies[cookie] is { Length: > 0 and <= MaxValue } value ? seal.Open(value, tokenService, cookie) : null;

    /// <summary>Gives the browser a cookie; the token against forged requests that goes with it. <c>null</c> when it is too long.</summary>
    public string? Write(HttpContext context, TokenService tokenService, string cookie, Secret? token, TimeSpan life)
    {
        var session = new PageSession(token?.Reveal() ?? "", (time.GetUtcNow() + life).ToUnixTimeSeconds());
        var value = seal.Seal(session, tokenService, cookie);
        if (value.Length > MaxValue)
        {
            return null;
        }

        context.Response.Cookies.Append(cookie, value, Options(life));
        return TokenOf(value);
    }

    /// <summary>Takes a cookie back.</summary>
    public static void Clear(HttpContext context, string cookie) => context.Response.Cookies.Append(cookie, "", Options(TimeSpan.Zero));

    /// <summary>The token against forged requests of the cookie that came; <c>null</c> without one.</summary>
    public static string? TokenOf(HttpContext context) =>
        context.Request.Cookies[Visitor] is { Length: > 0 and <= MaxValue } value ? TokenOf(value) : null;

    /// <summary>Whether a change comes with the token of its cookie, which no page of others can read.</summary>
    public bool HasToken(HttpContext context, TokenService tokenService) =>
        Read(context, tokenService, Visitor) is not null && TokenOf(context) is { } token
        && context.Request.Headers[TokenHeader] is { Count: 1 } sent
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent[0] ?? ""), Encoding.UTF8.GetBytes(token));

    /// <summary>
    /// Whether no browser says that a page of others asks (Fetch Metadata Request Headers §2.3; Fetch, "append a request Origin header").
    /// What is no browser need not say anything.
    /// </summary>
    public static bool IsFromHere(HttpRequest request, TokenService tokenService) =>
        (request.Headers["Sec-Fetch-Site"] is not { Count: > 0 } site || site == "same-origin")
        && (request.Headers.Origin is not { Count: > 0 } origin || origin == tokenService.Origin);

    /// <summary>Who knows it does not know the cookie.</summary>
    private static string TokenOf(string value) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.ASCII.GetBytes(value), "forged requests"u8));

    private static CookieOptions Options(TimeSpan life) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = true, Path = "/", MaxAge = life,
    };
}
