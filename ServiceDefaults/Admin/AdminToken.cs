using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// The admin token, as a header of scripts and as a cookie of browsers. The cookie is not the token: it is a MAC made with it, good for
/// twelve hours at every silo, and worthless once the token changes.
/// </summary>
public sealed partial class AdminToken(IConfigurationFeed configuration, TimeProvider time, ILogger<AdminToken> logger)
{
    private readonly Outage _outage = new(time);

    /// <summary>The name of the cookie.</summary>
    public const string Cookie = "registryproxy_admin";

    /// <summary>How long a cookie is good.</summary>
    public static readonly TimeSpan CookieLife = TimeSpan.FromHours(12);

    /// <summary>Whether the configuration has one.</summary>
    public bool IsConfigured => configuration.Current.Configuration.Admin.Token is not null;

    /// <summary>Whether a text is the token.</summary>
    public bool Is(string text) => Read() is { } token && token.Equals(new Secret(text));

    /// <summary>
    /// Whether a request brings something that may be right or wrong: a token, or a cookie that has not ended. An old cookie tells nothing,
    /// and pages that are left open send it for hours.
    /// </summary>
    public bool IsTriedBy(HttpRequest request) =>
        TokenOf(request) is not null || (ExpiryOf(request.Cookies[Cookie]) is { } expires && !HasEnded(expires));

    /// <summary>Whether a request carries the token or the cookie.</summary>
    public bool IsCarriedBy(HttpRequest request) =>
        TokenOf(request) is { } text ? Is(text) : request.Cookies[Cookie] is { } cookie && IsCookie(cookie);

    /// <summary>A new cookie; <c>null</c> when there is no usable token.</summary>
    public string? NewCookie() => Read() is { } token ? Sign(token, time.GetUtcNow().Add(CookieLife).ToUnixTimeSeconds()) : null;

    private static string? TokenOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? value[7..].Trim() : null;

    private bool IsCookie(string cookie) =>
        ExpiryOf(cookie) is { } expires
        && !HasEnded(expires)
        && Read() is { } token
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(token, expires)), Encoding.UTF8.GetBytes(cookie));

    /// <summary>The end of a cookie, as seconds since 1970; <c>null</c> when it is none.</summary>
    private static long? ExpiryOf(string? cookie) =>
        cookie?.IndexOf('.') is > 0 and var dot
        && long.TryParse(cookie.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var expires) ? expires : null;

    private bool HasEnded(long expires) => time.GetUtcNow().ToUnixTimeSeconds() >= expires;

    private static string Sign(Secret token, long expires)
    {
        var (key, text) = (Encoding.UTF8.GetBytes(token.Reveal()), Encoding.UTF8.GetBytes($"admin-cookie\n{expires}"));
        return $"{expires}.{Convert.ToHexStringLower(HMACSHA256.HashData(key, text))}";
    }

    private Secret? Read()
    {
        try
        {
            var token = configuration.Current.Configuration.Admin.Token?.Read();
            if (token is null || token.IsEmpty())
            {
                return token is null ? null : Unusable("is empty");
            }

            if (_outage.End(out _, out var lasted))
            {
                LogWell(lasted.TotalSeconds);
            }

            return token;
        }
        catch (SecretUnavailableException unavailable)
        {
            return Unusable(unavailable.Message);
        }
    }

    private Secret? Unusable(string problem)
    {
        if (_outage.Fail())
        {
            LogUnusable(problem);
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "admin.token cannot be used, so every token is refused until it can: {Problem}")]
    private partial void LogUnusable(string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "admin.token can be used again after {Seconds:F0} s")]
    private partial void LogWell(double seconds);
}
