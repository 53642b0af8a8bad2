using System.Globalization;

namespace RegistryProxy.Tests.Malformed;

/// <summary>An answer of HTTP/1.1, as bytes on a line show it.</summary>
internal sealed record Answer(int Status, string Body)
{
    private const string Begin = "HTTP/1.1 ";

    /// <summary>Whether it is the one to the request that follows each other.</summary>
    public bool IsFollowUp => Status == 200 && Body == "ok\n";

    /// <summary>
    /// All of them, one after the other; <paramref name="rest"/> is what is none. One that breaks off counts, for the connection may be
    /// reset.
    /// </summary>
    public static List<Answer> ReadAll(string text, out string rest)
    {
        var answers = new List<Answer>();
        rest = text;
        while (rest.StartsWith(Begin, StringComparison.Ordinal)
            && int.TryParse(rest.AsSpan(Begin.Length, Math.Min(3, rest.Length - Begin.Length)), out var status))
        {
            var end = rest.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var head = end < 0 ? rest : rest[..end];
            rest = end < 0 ? "" : rest[(end + 4)..];
            if (status >= 200)
            {
                answers.Add(new Answer(status, TakeBody(head, ref rest)));
            }
        }

        return answers;
    }

    private static string TakeBody(string head, ref string rest)
    {
        if (head.Contains("\r\nTransfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            return TakeChunks(ref rest);
        }

        const string Length = "\r\nContent-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return "";
        }

        var value = head[(at + Length.Length)..].Split('\r')[0];

        // An answer to HEAD says how long another would be.
        return rest.StartsWith(Begin, StringComparison.Ordinal) ? "" : Take(ref rest, int.Parse(value, CultureInfo.InvariantCulture));
    }

    private static string TakeChunks(ref string rest)
    {
        var body = "";
        while (rest.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var end)
        {
            var size = int.Parse(rest[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            rest = rest[(end + 2)..];
            body += Take(ref rest, size);
            Take(ref rest, 2);
            if (size == 0)
            {
                break;
            }
        }

        return body;
    }

    private static string Take(ref string rest, int length)
    {
        var taken = rest[..Math.Min(length, rest.Length)];
        rest = rest[taken.Length..];
        return taken;
    }
}
