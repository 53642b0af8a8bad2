using System.Globalization;

namespace RegistryProxy.Protocol;

/// <summary>
/// Which bytes of a blob a chunk is, or how many an upload has: <c>first-last</c>, without unit and total (OCI distribution-spec, "Pushing
/// a blob in chunks").
/// </summary>
/// <param name="First">The first byte, from 0.</param>
/// <param name="Last">The last byte, not before the first.</param>
public readonly record struct UploadRange(long First, long Last)
{
    /// <summary>
    /// Reads the form of uploads; also those of HTTP that libraries and registries write, <c>bytes first-last/total</c> (RFC 9110 §14.4)
    /// and <c>bytes=first-last</c>.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out UploadRange range)
    {
        range = default;
        text = text.StartsWith("bytes=") || text.StartsWith("bytes ") ? text[6..] : text;
        if (text.IndexOf('/') is var slash and > 0)
        {
            if (!IsTotal(text[(slash + 1)..]))
            {
                return false;
            }

            text = text[..slash];
        }

        var dash = text.IndexOf('-');
        if (dash <= 0 || !TryParse(text[..dash], out long first) || !TryParse(text[(dash + 1)..], out long last)
            || last < first || last == long.MaxValue)
        {
            return false;
        }

        range = new UploadRange(first, last);
        return true;
    }

    /// <summary>In the form of uploads.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static bool IsTotal(ReadOnlySpan<char> text) => text is "*" || TryParse(text, out long _);

    private static bool TryParse(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
