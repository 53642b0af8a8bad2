using System.Globalization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>
/// When to come back: <c>Retry-After</c> in seconds or as a date (RFC 9110 §10.2.3), or <c>x-retry-after</c> as a Unix time, as Docker Hub
/// says it.
/// </summary>
public static class RetryAfter
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>How long from now, an hour at most and not less than nothing; <c>null</c> when the answer does not say.</summary>
    public static TimeSpan? Of(HttpResponseMessage response, DateTimeOffset now)
    {
        var wait = response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - now)
            : response.Headers.NonValidated.TryGetValues("X-Retry-After", out var values)
                && long.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var unix)
                    ? UnixTime.OfSeconds(unix) - now
                    : null;
        return wait is not { } known ? null : known < TimeSpan.Zero ? TimeSpan.Zero : known > Longest ? Longest : known;
    }
}
