namespace RegistryProxy.Tests.Support;

/// <summary>Texts that are almost the one that is given: what editors, disks and attackers leave.</summary>
internal sealed class Mutations(byte[] text, int seed)
{
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "{", "}", "[", "]", ":", ": ", "- ", "? ", "\"", "'", "#", " #", "&a ", "*a", "!", "!!str ", "|\n", ">\n", "|9-\n",
            "%YAML 1.2\n", "%TAG ! x\n", "---\n", "...\n", "\n", "\r\n", "\r",
            "\t", " ", "    ", ",", "@", "`", "<<: ", "\\", "\"\\", "\"\\x", "\"\\U00110000\"", "\"\\uD800\"", "\"\\0\"", "\u0085",
            "\u2028", "\uFEFF", "é", "𝄞", "~", "null", "-1", "1e999",
            "99999999999999999999", "0x7fffffff", "http://", "//", "http://[::", "https://a:99999", "\0", "\u0001", "{{", "[[", "]]",
            "? ? ", "- - ", ": : ",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE],
    ];

    // A sequence that is the same on every machine (splitmix64).
    private ulong _state = (ulong)seed;

    public byte[] Next()
    {
        List<byte> bytes = [.. text];
        for (var edits = 1 + Below(3); edits > 0; edits--)
        {
            Edit(bytes);
        }

        return [.. bytes];
    }

    private void Edit(List<byte> bytes)
    {
        var at = Below(bytes.Count + 1);
        switch (Below(8))
        {
            case 0 or 1:
                bytes.InsertRange(at, Pieces[Below(Pieces.Length)]);
                break;
            case 2 or 3 when at < bytes.Count:
                bytes.RemoveAt(at);
                break;
            case 4 when at < bytes.Count:
                bytes[at] = (byte)Below(256);
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                bytes.RemoveRange(at, Math.Min(Below(80), bytes.Count - at));
                break;
            default:
                bytes.InsertRange(at, bytes.Skip(Below(bytes.Count + 1)).Take(Below(200)).ToArray());
                break;
        }
    }

    private int Below(int limit)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)limit);
    }
}
