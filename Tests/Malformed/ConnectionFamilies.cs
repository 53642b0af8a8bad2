using static RegistryProxy.Tests.Malformed.Family;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Several requests on one connection, connections that end, and what a broken line makes of good requests.</summary>
internal static class ConnectionFamilies
{
    private static readonly string Form = Post("Content-Length: 19\r\n", "grant_type=password");

    public static IEnumerable<Family> All =>
    [
        new("many at once", noise => string.Concat(Enumerable.Repeat(With(""), 20)), Answers: 20),
        new("a wrong one behind good ones", noise => string.Concat(Enumerable.Repeat(With(""), 3)) + "GET  HTTP\r\n\r\n" + Hidden,
            Answers: 4) { IsRefused = true },
        new("byte by byte", noise => noise.Pick(With("Accept: a/b\r\n"), Form, Chunked("5\r\nabcde\r\n0\r\n\r\n"))) { IsTrickled = true },
        new("left at once", noise => noise.Pick(With(""), Form, Chunked("5\r\nabc"), "GET /v2/ HT")) { IsLeft = true, MayWait = true },
        new("left in the middle", noise => Form[..noise.Next(1, Form.Length)]) { IsLeft = true, MayWait = true },
        new("cut off", noise => noise.Pick(Form, With("Accept: a/b\r\n")) is var whole ? whole[..noise.Next(1, whole.Length)]
            : "") { MayWait = true, Answers = 2 },
        new("a head with changes",
            noise => noise.Mutate(With("Accept: application/json\r\nUser-Agent: x\r\n"))) { MayWait = true, Answers = 2 },
        new("a form with changes", noise => noise.Mutate(Form)) { MayWait = true, Answers = 2 },
        new("chunks with changes",
            noise => noise.Mutate(Chunked("5\r\nabcde\r\n6;x=y\r\nfghijk\r\n0\r\nX: y\r\n\r\n"))) { MayWait = true, Answers = 2 },
        new("an absolute target with changes",
            noise => noise.Mutate(Get("GET http://localhost/v2/?a=b HTTP/1.1"))) { MayWait = true, Answers = 2 },
        new("only line ends", noise => noise.Of("\r\n", 1, 200)) { MayWait = true, Answers = 2 },
        new("only blanks", noise => noise.Of(" \t", 1, 3000)) { MayWait = true },
    ];
}
