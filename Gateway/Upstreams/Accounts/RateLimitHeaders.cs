using System.Globalization;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// The rate limit as Docker Hub shows it: <c>ratelimit-limit: 100;w=21600</c>, <c>ratelimit-remaining: 76;w=21600</c>.
/// </summary>
internal static class RateLimitHeaders
{
    /// <summary>More than this is as much: permits are added up.</summary>
    private const int MaxNumber = 1_000_000_000;

    /// <summary>Reads limit, remaining and window; <c>false</c> when the answer does not show them.</summary>
    public static bool TryRead(HttpResponseMessage response, out int limit, out int remaining, out TimeSpan window)
    {
        window = default;
        remaining = 0;
        return TryRead(response, "RateLimit-Limit", out limit, out window)
            && TryRead(response, "RateLimit-Remaining", out remaining, out _);
    }

    private static bool TryRead(HttpResponseMessage response, string name, out int number, out TimeSpan window)
    {
        (number, window) = (0, default);
        if (!response.Headers.NonValidated.TryGetValues(name, out var values))
        {
            return false;
        }

        var text = values.ToString().AsSpan();
        var end = text.IndexOf(';');
        if (end >= 0 && text[(end + 1)..].Trim() is var rest && rest.StartsWith("w=", StringComparison.OrdinalIgnoreCase)
            && uint.TryParse(rest[2..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            window = TimeSpan.FromSeconds(seconds);
        }

        var isNumber = ulong.TryParse(end < 0 ? text : text[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var shown);
        number = (int)Math.Min(shown, MaxNumber);
        return isNumber;
    }
}
