using static RegistryProxy.Tests.Malformed.Family;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Header sections (RFC 9112 §5).</summary>
internal static class HeaderFamilies
{
    public static IEnumerable<Family> All =>
    [
        new("no Host", _ => "GET /v2/ HTTP/1.1\r\n\r\n") { IsRefused = true },
        new("two Hosts", noise => With($"{noise.Case("host")}: {noise.Pick("localhost", "evil.example", "")}\r\n")) { IsRefused = true },
        new("a Host that is none",
            noise => $"GET /v2/ HTTP/1.1\r\nHost: " +
                $"{noise.Pick("a b", "a/b", "a@b", "a\\b", ":80", "localhost:", "localhost:x", "[::1", "[g::]", "a,b", "a\u0001b", "<script>", "a?b", "a#b")}\r\n\r\n") { IsRefused = true },
        new("an unknown Host", noise =>
            $"GET /v2/ HTTP/1.1\r\nHost: " +
            $"{noise.Pick("", noise.Word() + ".example", "169.254.169.254", "localhost.", "127.1", "[::ffff:127.0.0.1]", "LOCALHOST:1")}\r\n\r\n"),
        new("no colon", noise => With($"{noise.Token()}\r\n")) { IsRefused = true },
        new("a blank before the colon",
            noise => With(
                $"{noise.Pick("Accept", "Content-Length", "Transfer-Encoding")}{noise.Pick(" ", "\t", "  ")}: 0\r\n")) { IsRefused = true },
        new("a folded line", noise =>
            With($"X-{noise.Word()}: a\r\n{noise.Pick(" ", "\t")}" +
                $"{noise.Pick("b", "Content-Length: 5", "Transfer-Encoding: chunked")}\r\n")) { IsRefused = true },
        new("a blank line in front of the headers",
            noise => $"GET /v2/ HTTP/1.1\r\n{noise.Pick(" ", "\t")}X: y\r\n{Host}\r\n") { IsRefused = true },
        new("a name that is no token",
            noise => With(
                $"{noise.Insert("Content-Length", noise.Pick("(", "\"", "/", "{", "@", "[", "\\", ";", "\u0001", "\u000b", "\u007f"))}: " +
                $"5\r\n")) { IsRefused = true },
        new("NUL in a name", noise => With($"{noise.Insert("Accept", "\0")}: x\r\n")) { IsRefused = true },
        new("high bytes in a name", noise => With($"{noise.Insert("Accept", noise.High())}: x\r\n")) { IsRefused = true },
        new("no name", noise => With($"{noise.Pick(":", ": x", ":::")}\r\n")) { IsRefused = true },
        new("NUL in a value", noise =>
            With($"{noise.Pick("Accept", "X-Y", "Authorization", "Cookie")}: {noise.Insert("abc", "\0")}\r\n")) { IsRefused = true },
        new("CR in a value", noise => With($"X-Y: {noise.Pick("a\rb", "\ra", "a\r", "a\r\r")}\r\n")) { IsRefused = true },
        new("LF in a value", noise => With($"X-Y: a\n{noise.Pick("b", "Content-Length: 5", "X: b", "")}\r\n")) { IsRefused = true },
        new("control characters in a value",
            noise => With(
                $"{noise.Pick("Accept", "X-Y", "Authorization", "Range", "If-None-Match", "User-Agent")}: {noise.Control()}" +
                $"{noise.Word()}\r\n")),
        new("high bytes in a value",
            noise => With(
                $"{noise.Pick("Accept", "X-Y", "Authorization", "Range", "If-None-Match", "User-Agent", "Origin", "Cookie", "Referer")}: {noise.High()}\r\n")),
        new("more headers than may be",
            noise => With(string.Concat(Enumerable.Range(0, noise.Next(100, 400)).Select(i => $"X-{i}: {i}\r\n")))) { IsRefused = true },
        new("headers longer than may be",
            noise => With(string.Concat(
                Enumerable.Range(0, 40).Select(i => $"X-{i}: {new string('x', noise.Next(900, 3000))}\r\n")))) { IsRefused = true },
        new("one very long header", noise => With($"X: {new string('x', noise.Next(33_000, 90_000))}\r\n")) { IsRefused = true },
        new("one very long name", noise => With($"{new string('x', noise.Next(33_000, 60_000))}: x\r\n")) { IsRefused = true },
        new("the same header many times",
            noise => With(string.Concat(
                Enumerable.Repeat($"{noise.Pick("Accept", "Range", "If-None-Match", "Cookie", "X-Forwarded-For", "Via")}: a\r\n",
                    noise.Next(2, 90))))),
        new("two Authorization headers",
            noise => With($"Authorization: Bearer {noise.Token()}\r\nAuthorization: {noise.Pick("Basic YTpi", "Bearer x", "")}\r\n")),
        new("an Authorization that is none",
            noise => With(
                $"Authorization: " +
                $"{noise.Pick("Bearer", "Bearer ", "Basic", "Basic ####", "Basic OnA6", "Negotiate x", "Digest a=b", "Bearer " + noise.Token(1, 4000), noise.Bytes(1, 50).Replace("\r", "").Replace("\n", "").Replace("\0", ""))}\r\n")),
        new("a login that is none",
            noise => $"GET /token?{noise.Pick("scope=", "scope=x", "scope=repository:a:b:c:d", "account=%00", "service=evil", "client_id=%ff")} HTTP/1.1\r\n{Host}Authorization: Basic {noise.Of(Noise.TokenCharacters, 0, 200)}\r\n\r\n"),
        new("a Connection that names what it may not",
            noise => With(
                $"Connection: {noise.Pick("Host", "Authorization", "close, keep-alive", "keep-alive, close", "Content-Length", "Transfer-Encoding", ",,,", "clo\u0001se", noise.Token())}\r\n")),
        new("an upgrade", noise =>
            With($"Connection: Upgrade{noise.Pick("", ", HTTP2-Settings")}\r\nUpgrade: " +
                $"{noise.Pick("h2c", "websocket", "TLS/1.0", "h2", "HTTP/2.0", "")}\r\nHTTP2-Settings: " +
                $"AAMAAABkAARAAAAAAAIAAAAA\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n")),
        new("an expectation", noise => With($"Expect: {noise.Pick("100-continue", "200-ok", "100-Continue, x", "", noise.Token())}\r\n")),
        new("an expectation and no body",
            noise => $"POST /token HTTP/1.1\r\n{Host}Content-Type: " +
                $"application/x-www-form-urlencoded\r\nContent-Length: {noise.Digits(1, 4)}1\r\nExpect: 100-continue\r\n\r\n") { MayWait =
                    true, Answers = 2 },
        new("ranges",
            noise => With(
                $"Range: {noise.Pick("bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=0-" + noise.Digits(15, 40), "items=1-2", "bytes=0-0," + string.Concat(Enumerable.Repeat("1-2,", noise.Next(10, 2000))))}\r\n")),
        new("conditions", noise =>
            With($"{noise.Pick("If-None-Match", "If-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since")}: " +
                $"{noise.Pick("*", "\"", "\"\"\"", "W/", "x", "W/\"a\",", "Mon, 99 Foo 0000 99:99:99 GMT")}\r\n")),
        new("cookies",
            noise => With(
                $"Cookie: {noise.Pick("=", ";", "a", "a=b;;;;=c", "registryproxy_login=" + noise.Token(1, 2000), "registryproxy_admin=9.9", noise.High())}\r\n")),
        new("types", noise => With(
            $"{noise.Pick("Accept", "Content-Type", "Accept-Encoding", "TE", "Accept-Charset")}: " +
            $"{noise.Pick("*", "/", "a/b;q=x", "a/b;q=9", ",,,", ";", "a/b;x=\"", "multipart/form-data", noise.Token() + "/" + noise.Token())}\r\n")),
        new("forwarded headers",
            noise => With(
                $"{noise.Pick("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-Original-URL", "X-HTTP-Method-Override")}: {noise.Pick("evil", "::1%x", "/livez", "DELETE", "1.2.3.4:99999", "[", string.Concat(Enumerable.Repeat("1.1.1.1,", noise.Next(1, 2000))))}\r\n")),
        new("names that differ by a letter only",
            noise => With(
                $"{noise.Pick("Content_Length", "ContentLength", "Transfer_Encoding", "Transfer-Encodin", "Xontent-Length", "Host_")}: " +
                $"{noise.Pick("5", "chunked")}\r\n")),
    ];
}
