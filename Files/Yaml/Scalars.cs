using System.Globalization;
using System.Net;
using System.Text;

namespace RegistryProxy.Files.Yaml;

/// <summary>Reading of single values: durations, sizes, numbers, switches, addresses.</summary>
public static class Scalars
{
    private static readonly (string Unit, long Bytes)[] SizeUnits = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("", 1)];

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static bool Flag(this Field field, bool otherwise)
    {
        switch (field.Text())
        {
            case null:
                return otherwise;
            case "true":
                return true;
            case "false":
                return false;
            default:
                field.Fail("must be true or false");
                return otherwise;
        }
    }

    /// <summary>A whole number within bounds.</summary>
    public static long Number(this Field field, long otherwise, long min, long max)
    {
        if (field.Text() is not { } text)
        {
            return otherwise;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        field.Fail($"'{text}' must be a whole number from {min} to {max}");
        return otherwise;
    }

    /// <summary><c>30s 5m 24h 30d</c></summary>
    public static TimeSpan Duration(this Field field, TimeSpan otherwise, TimeSpan min, TimeSpan max)
    {
        if (field.Text() is not { } text)
        {
            return otherwise;
        }

        if (text.Length > 1 && long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < 1_000_000)
        {
            TimeSpan? duration = text[^1] switch
            {
                's' => TimeSpan.FromSeconds(number),
                'm' => TimeSpan.FromMinutes(number),
                'h' => TimeSpan.FromHours(number),
                'd' => TimeSpan.FromDays(number),
                _ => null,
            };
            if (duration >= min && duration <= max)
            {
                return duration.Value;
            }
        }

        field.Fail($"'{text}' must be a duration such as 30s, 5m, 24h or 30d, from {Write(min)} to {Write(max)}");
        return otherwise;
    }

    /// <summary>Plain bytes, or with KiB, MiB or GiB.</summary>
    public static long Size(this Field field, long otherwise)
    {
        if (field.Text() is not { } text)
        {
            return otherwise;
        }

        var (unit, bytes) = Array.Find(SizeUnits, candidate => text.EndsWith(candidate.Unit, StringComparison.Ordinal));
        if (long.TryParse(text[..^unit.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and < 1L << 32)
        {
            return number * bytes;
        }

        field.Fail($"'{text}' must be a size such as 1048576, 64KiB, 100MiB or 50GiB");
        return otherwise;
    }

    /// <summary>An absolute http or https address of scheme and authority alone.</summary>
    public static Uri? Origin(this Field field)
    {
        if (field.Text() is not { } text)
        {
            return null;
        }

        if (IsHttp(text, out var uri) && uri.PathAndQuery == "/" && uri.Fragment.Length == 0 && !text.EndsWith('?') && !text.EndsWith('#'))
        {
            return uri;
        }

        field.Fail(Uri.TryCreate(text, UriKind.Absolute, out var held) && held.UserInfo.Length > 0
            ? "must be http:// or https:// with a host alone; a user name and a password belong into fields of their own"
            : $"'{text}' must be http:// or https:// with a host and nothing behind it{Whole(text)}");
        return null;
    }

    /// <summary>The address that was meant, when its scheme is what it lacks.</summary>
    private static string Whole(string text)
    {
        // A port says which service it is; a host alone is one that others run.
        var whole = (text.StartsWith(':') ? "http://0.0.0.0" : text.Contains(':') ? "http://" : "https://") + text;
        return text.Length > 0 && !text.Contains("//", StringComparison.Ordinal) && IsHttp(whole, out var uri) && uri.PathAndQuery == "/"
            ? $"; did you mean '{whole}'?" : "";
    }

    /// <summary>An absolute http or https address with a path.</summary>
    public static Uri? Address(this Field field)
    {
        var text = field.RequiredText();
        if (IsHttp(text, out var uri) && uri.Query.Length == 0 && uri.Fragment.Length == 0)
        {
            return uri;
        }

        if (field.IsPresent)
        {
            field.Fail($"'{text}' must be an http:// or https:// address without query");
        }

        return null;
    }

    /// <summary>A network as address and length of its prefix.</summary>
    public static IPNetwork? Network(this Field field)
    {
        var text = field.RequiredText();
        if (IPNetwork.TryParse(text, out var network))
        {
            return network;
        }

        field.Fail($"'{text}' must be a network such as 10.0.0.0/8");
        return null;
    }

    private static bool IsHttp(string text, out Uri uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri!)
        && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 && HasHost(uri);

    /// <summary>An address may be made of letters that no host name has, and throws when it is asked for its host.</summary>
    private static bool HasHost(Uri uri)
    {
        try
        {
            return uri.IdnHost.Length > 0 && Ascii.IsValid(uri.IdnHost);
        }
        catch (UriFormatException)
        {
            return false;
        }
    }

    private static string Write(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } when span.TotalDays % 1 == 0 => $"{span.TotalDays}d",
        { TotalHours: >= 1 } when span.TotalHours % 1 == 0 => $"{span.TotalHours}h",
        { TotalMinutes: >= 1 } when span.TotalMinutes % 1 == 0 => $"{span.TotalMinutes}m",
        _ => $"{span.TotalSeconds}s",
    };
}
