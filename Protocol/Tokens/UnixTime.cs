namespace RegistryProxy.Protocol;

/// <summary>
/// Moments that others write as a number of seconds or milliseconds since 1970. What lies before the first or after the last that there can
/// be is the first or the last: a number of somebody else's is no fault of ours.
/// </summary>
public static class UnixTime
{
    private static readonly long First = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static DateTimeOffset OfSeconds(long seconds) => OfMilliseconds(Math.Clamp(seconds, First / 1000, Last / 1000) * 1000);

    public static DateTimeOffset OfSeconds(double seconds) => OfMilliseconds((long)Math.Clamp(seconds * 1000, First, Last));

    public static DateTimeOffset OfMilliseconds(long milliseconds)
    {
#pragma warning disable RS0030 // Here it is kept within bounds.
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, First, Last));
#pragma warning restore RS0030
    }

    /// <summary>A moment that many seconds after another.</summary>
    public static DateTimeOffset After(DateTimeOffset start, long seconds) =>
        seconds >= (DateTimeOffset.MaxValue - start).TotalSeconds ? DateTimeOffset.MaxValue
        : seconds <= (DateTimeOffset.MinValue - start).TotalSeconds ? DateTimeOffset.MinValue
        : start.AddSeconds(seconds);
}
