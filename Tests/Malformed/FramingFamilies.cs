using static RegistryProxy.Tests.Malformed.Family;

namespace RegistryProxy.Tests.Malformed;

/// <summary>How long a body is (RFC 9112 §6). In most bodies a request hides.</summary>
internal static class FramingFamilies
{
    public static IEnumerable<Family> All =>
    [
        new("a Content-Length that is no number",
            noise => Post(
                $"{noise.Case("content-length")}: " +
                $"{noise.Pick("+5", "-5", "+0", "-0", "0x5", "5.0", "1e1", "5,5", "5, 5", ",5", "5;", "5 5", "\"5\"", "five", "", "\u000b5", "5\u000c", "\u00b2", "5\u00a0", "0 0", "5\0", "+" + noise.Digits(), noise.Digits() + "a")}\r\n", Hidden)) { IsRefused = true },
        new("two Content-Lengths",
            noise => Post(
                $"Content-Length: {noise.Pick("5", "0", "4")}\r\n{noise.Case("content-length")}: {noise.Pick("5", "0", "55")}\r\n",
                Hidden)) { IsRefused = true },
        new("a Content-Length beyond any number",
            noise => Post($"Content-Length: {noise.Of("123456789", 20, 200)}\r\n", Hidden)) { IsRefused = true },
        new("a Content-Length beyond what may be",
            noise => Post($"Content-Length: {noise.Of("123456789", 8, 18)}\r\n", Hidden)) { MayWait = true },
        new("leading zeros", noise => Post($"Content-Length: {new string('0', noise.Next(1, 12))}{Hidden.Length}\r\n", Hidden)),
        new("blanks around a Content-Length",
            noise => Post($"Content-Length:{noise.Of(" \t", 0, 5)}{Hidden.Length}{noise.Of(" \t", 0, 5)}\r\n", Hidden)),
        new("Content-Length with Transfer-Encoding", noise => Post(
            noise.Coin() ? $"Content-Length: {noise.Next(0, 200)}\r\nTransfer-Encoding: chunked\r\n"
                : $"Transfer-Encoding: chunked\r\nContent-Length: {noise.Next(0, 200)}\r\n", $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("the name under which Content-Length is put aside",
            noise => Post($"X-Content-Length: 5\r\nContent-Length: {noise.Next(0, 99)}\r\nTransfer-Encoding: chunked\r\n",
                $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("another coding before chunked",
            noise => Post(
                $"Transfer-Encoding: {noise.Pick("identity", "gzip", "deflate", "x", "chunke", "chunkedd", noise.Token())}" +
                $"{noise.Pick(", ", ",", " ,\t")}chunked\r\n", $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("another coding in a line before chunked",
            noise => Post($"Transfer-Encoding: {noise.Pick("identity", "gzip", "", "x")}\r\nTransfer-Encoding: chunked\r\n",
                $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("chunked twice", noise =>
            Post(noise.Pick("Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chunked,chunked\r\n"), $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("chunked and more", noise =>
            Post($"Transfer-Encoding: " +
                $"{noise.Pick("chunked, identity", "chunked, gzip", "chunked;q=1", "chunked,", ",chunked", "chunked x", "\"chunked\"", "chunked\u000b", "\u000bchunked", "chunked\u00a0", ", ,chunked", "\u000cchunked")}\r\n", $"0\r\n\r\n{Hidden}")) { IsRefused = true },
        new("a coding that is not chunked",
            noise => Post($"Transfer-Encoding: {noise.Pick("identity", "gzip", "cow", "", "c", "chunke", "hunked", noise.Token())}\r\n",
                Hidden)) { IsRefused = true },
        new("chunked in other letters",
            noise => Post($"{noise.Case("transfer-encoding")}: {noise.Case("chunked")}\r\n",
                $"{Hidden.Length:x}\r\n{Hidden}\r\n0\r\n\r\n")),
        new("chunked in HTTP/1.0",
            noise => Post($"Transfer-Encoding: chunked\r\n{noise.Pick("", "Connection: keep-alive\r\n")}", $"0\r\n\r\n{Hidden}").Replace(
                "HTTP/1.1\r\nHost: localhost\r\nContent-Type", "HTTP/1.0\r\nHost: localhost\r\nContent-Type")) { IsRefused = true },
        new("a body in HTTP/1.0 without a length",
            _ => "POST /token HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b") { IsRefused = true },
        new("a body of a request that has none",
            noise => $"{noise.Pick("GET", "HEAD", "DELETE", "OPTIONS")} /v2/ HTTP/1.1\r\n{Host}Content-Length: {Hidden.Length}\r\n\r\n" +
                $"{Hidden}"),
        new("a chunked body of a request that has none",
            noise => $"{noise.Pick("GET", "DELETE", "OPTIONS")} /v2/ HTTP/1.1\r\n{Host}Transfer-Encoding: " +
                $"chunked\r\n\r\n{Hidden.Length:x}\r\n{Hidden}\r\n0\r\n\r\n"),
        new("a body longer than it says",
            noise => Post("Content-Length: 3\r\n", "a=b" + noise.Of("(){}\"", 1, 20) + "\r\n\r\n"), Answers: 2),
        new("a body shorter than it says", noise => Post($"Content-Length: {noise.Next(300, 9000)}\r\n", Hidden)) { MayWait = true },
        new("a body larger than the form may be", noise => Post("Content-Length: 70000\r\n", new string('a', 70_000))),
        new("a body of another type",
            noise => $"POST /token HTTP/1.1\r\n{Host}Content-Type: " +
                $"{noise.Pick("application/json", "multipart/form-data", "text/plain", "", "application/x-www-form-urlencoded; " +
                    "charset=utf-7")}\r\nContent-Length: {Hidden.Length}\r\n\r\n{Hidden}"),
        new("a compressed body",
            noise => Post($"Content-Encoding: {noise.Pick("gzip", "br", "deflate", "x")}\r\nContent-Length: {Hidden.Length}\r\n", Hidden)),
        new("a form that is none", noise => noise.Bytes(0, 400) is var body ? Post($"Content-Length: {body.Length}\r\n", body) : ""),
        new("a body where none may be put",
            noise => $"{noise.Pick("PUT /v2/a/manifests/b", "PATCH /v2/a/blobs/uploads/x", "POST /v2/a/blobs/uploads/", "PUT /v2/a/blobs/uploads/x?digest=y")} HTTP/1.1\r\n{Host}Content-Length: {Hidden.Length}\r\n\r\n{Hidden}"),
    ];
}
