using static RegistryProxy.Tests.Malformed.Family;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Chunked bodies (RFC 9112 §7.1).</summary>
internal static class ChunkFamilies
{
    private const string Size = "53";

    public static IEnumerable<Family> All =>
    [
        new("chunks of any size",
            noise => Chunked(string.Concat(
                Enumerable.Range(0, noise.Next(1, 40)).Select(_ => noise.Word(1, 200))
                    .Select(data => $"{data.Length:x}\r\n{data}\r\n")) + "0\r\n\r\n")),
        new("chunks of one byte", noise => Chunked(string.Concat(Enumerable.Repeat("1\r\na\r\n", noise.Next(100, 2000))) + "0\r\n\r\n")),
        new("a size that is no number",
            noise => Chunked(
                $"{noise.Pick("x", "-5", "+5", "0x5", " 5", "", "g", "5 5", "\"5\"", "\t5", ";a", "5\0", "\u00b2", noise.High())}\r\n" +
                $"{Hidden}")) { IsRefused = true },
        new("a size beyond any number", noise => Chunked($"{noise.Of("123456789abcdef", 8, 40)}\r\n{Hidden}")) { MayWait = true },
        new("a size with leading zeros",
            noise => Chunked($"{new string('0', noise.Next(1, 60))}{Size}\r\n{Hidden.PadRight(0x53)[..0x53]}\r\n0\r\n\r\n")) { MayWait =
                true },
        new("blanks after a size", noise => Chunked($"5{noise.Pick(" ", "\t", "  ")}\r\nabcde\r\n0\r\n\r\n")) { MayWait = true },
        new("extensions", noise =>
            Chunked($"5{noise.Pick(";", ";a", ";a=b", ";a=\"b\"", ";a=\"", ";;;;", ";" + noise.Token(1, 200), ";" + noise.Control())}\r\nabcde\r\n0{noise.Pick("", ";x=y")}\r\n\r\n")) { MayWait = true },
        new("long extensions", noise =>
            Chunked($"5;{new string('x', noise.Next(3000, 100_000))}\r\nabcde\r\n0\r\n\r\n")) { MayWait = true },
        new("LF in an extension",
            noise => Chunked($"5;a{noise.Pick("\n", "\nb", "\n\n", "\r\r\n")}\r\n{Hidden}")) { MayWait = true, Answers = 2 },
        new("CR in an extension", noise => Chunked($"5;a\r{noise.Pick("b", "\r", "x")}\r\n{Hidden}")) { IsRefused = true },
        new("a size that ends in LF", _ => Chunked($"5\nabcde\r\n0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("a size that ends in CR",
            noise => Chunked($"5\r{noise.Pick("a", "\r", "\0", " ")}bcde\r\n0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("no end of a chunk",
            noise => Chunked($"5\r\nabcde{noise.Pick("", "\n", "\r", "xx", "\n\n")}0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("a chunk longer than it says", noise => Chunked($"5\r\nabcde{noise.Word()}\r\n0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("a chunk shorter than it says", noise => Chunked($"{noise.Next(0x20, 0x60):x}\r\nabc\r\n0\r\n\r\n")) { MayWait = true },
        new("no last chunk", _ => Chunked("5\r\nabcde\r\n")) { MayWait = true },
        new("no end after the last chunk", noise => Chunked($"5\r\nabcde\r\n0\r\n{noise.Pick("", "\n", "X: y\r\n")}")) { MayWait = true },
        new("a last chunk of many zeros",
            noise => Chunked($"5\r\nabcde\r\n{new string('0', noise.Next(2, 200))}\r\n\r\n")) { MayWait = true },
        new("trailers", noise =>
            Chunked($"5\r\nabcde\r\n0\r\n{noise.Pick("X: y\r\n", "Digest: a\r\nX: z\r\n", $"{noise.Word()}: {noise.Token()}\r\n")}\r\n")),
        new("trailers that may not be",
            noise => Chunked(
                $"5\r\nabcde\r\n0\r\n" +
                $"{noise.Pick("Content-Length: 5", "Transfer-Encoding: chunked", "Host: evil.example", "Authorization: Bearer x", "Trailer: x", "Connection: close")}\r\n\r\n")),
        new("trailers that are none",
            noise => Chunked(
                $"5\r\nabcde\r\n0\r\n" +
                $"{noise.Pick("X", "X : y", " X: y", ": y", "X: a\0b", "X\0: y", "X: a\rb", "(: y", "\u00e9: y", "X: y\n", Hidden)}\r\n\r\n")) { MayWait = true, Answers = 2 },
        new("more trailers than may be",
            noise => Chunked($"0\r\n{string.Concat(Enumerable.Range(0, noise.Next(120, 400)).Select(i => $"X-{i}: y\r\n"))}\r\n")),
        new("trailers longer than may be",
            noise => Chunked($"0\r\nX: {new string('x', noise.Next(33_000, 90_000))}\r\n\r\n")) { MayWait = true },
    ];
}
