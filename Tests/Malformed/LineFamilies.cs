using static RegistryProxy.Tests.Malformed.Family;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Request lines (RFC 9112 §3).</summary>
internal static class LineFamilies
{
    public static IEnumerable<Family> All =>
    [
        new("empty lines before it", noise => string.Concat(Enumerable.Repeat("\r\n", noise.Next(1, 9))) + Get("GET /v2/ HTTP/1.1")),
        new("a line that ends in LF", _ => $"GET /v2/ HTTP/1.1\n{Host}\r\n") { IsRefused = true },
        new("a line that ends in CR", _ => $"GET /v2/ HTTP/1.1\r{Host}\r\n") { IsRefused = true },
        new("a CR within the line", noise => Get("G" + noise.Insert("ET /v2/ HTTP/1.", "\r") + "1")) { IsRefused = true },
        new("more blanks than one", noise => Get($"GET{new string(' ', noise.Next(1, 4))}/v2/{new string(' ', noise.Next(2, 4))}HTTP/1.1")),
        new("other blanks", noise =>
            Get("GET /v2/ HTTP/1.1".Replace(" ", noise.Pick("\t", "\u000b", "\u000c", "\u00a0")))) { IsRefused = true },
        new("a blank in front", _ => Get(" GET /v2/ HTTP/1.1")) { IsRefused = true },
        new("a blank behind", noise => Get("GET /v2/ HTTP/1.1" + noise.Pick(" ", "\t", " x"))) { IsRefused = true },
        new("no target", noise => Get(noise.Pick("GET HTTP/1.1", "GET  HTTP/1.1", "GET"))) { IsRefused = true },
        new("no version", noise => Get(noise.Pick("GET /v2/", "GET /v2/ ", "GET"))) { IsRefused = true },
        new("HTTP/0.9", noise => noise.Pick("GET /\r\n", "GET /v2/\r\n\r\n")) { IsRefused = true },
        new("a version in other letters",
            noise => Get(
                $"GET /v2/ {noise.Pick("http/1.1", "Http/1.1", "HTTP /1.1", "HTTP/1,1", "HTTP\\1.1", "HTTPS/1.1", "SIP/2.0", "HTTP/")}")) { IsRefused = true },
        new("another version", noise =>
            Get($"GET /v2/ HTTP/{noise.Pick("2.0", "3.0", "0.9", "1.2", "1.10", "1", "01.1", "1.1.1", "-1.1", "9" + noise.Digits() + ".1", "1.9" + noise.Digits())}")) { IsRefused = true },
        new("HTTP/1.0", noise => $"GET /v2/ HTTP/1.0\r\n{noise.Pick("", Host, Host + "Connection: keep-alive\r\n")}\r\n"),
        new("an unknown method", noise => Get($"{noise.Token()} /v2/ HTTP/1.1")) { MayWait = true },
        new("a method of WebDAV",
            noise => Get(
                $"{noise.Pick("PROPFIND", "MKCOL", "MOVE", "LOCK", "SEARCH", "REPORT", "PURGE", "DEBUG")} /v2/a/manifests/b HTTP/1.1")),
        new("a method in small letters", noise => Get($"{noise.Case("get")} /v2/ HTTP/1.1")),
        new("a method that is no token",
            noise => Get(
                $"{noise.Insert("GET", noise.Pick("\0", "(", "\"", "{", "/", "@", "\u00e9", noise.Control()))} /v2/ " +
                $"HTTP/1.1")) { IsRefused = true },
        new("a long method", noise => Get($"{new string('M', noise.Next(1000, 12_000))} /v2/ HTTP/1.1")),
        new("TRACE", noise => Get($"TRACE {noise.Pick("/", "/v2/", "/token", "/nothing")} HTTP/1.1")),
        new("CONNECT",
            noise => $"CONNECT {noise.Pick("localhost:443", "localhost", "[::1]:1", "evil.example:80", "/v2/", "*")} " +
                $"HTTP/1.1\r\n{Host}\r\n"),
        new("every other method",
            noise => Get(
                $"{noise.Pick("DELETE", "OPTIONS", "PATCH", "PUT", "POST")} " +
                $"{noise.Pick("/v2/", "/v2/a/manifests/b", "/token", "/token/nonce", "/login", "/")} HTTP/1.1")),
        new("control characters in the target",
            noise => Get($"GET /v2/{noise.Insert("a/manifests/b", noise.Control())} HTTP/1.1")) { IsRefused = true },
        new("NUL in the target", noise => Get($"GET {noise.Insert("/v2/a", "\0")} HTTP/1.1")) { IsRefused = true },
        new("high bytes in the target", noise => Get($"GET /v2/{noise.High()} HTTP/1.1")),
        new("broken escapes", noise =>
            Get($"GET /{noise.Pick("v2/", "token?scope=", "login?x=")}%" +
                $"{noise.Pick("", "z", "0", "zz", "00", "0d%0a", "c0%af", "ff", "u0041", "%%")} HTTP/1.1")),
        new("dot segments", noise =>
            Get($"GET {noise.Pick("/v2/../livez", "/./livez", "/v2/%2e%2e/livez", "/..", "/v2/a/./b", "//livez", "/livez/", "/livez/..", "/v2/..;/livez")} HTTP/1.1")),
        new("a long target", noise => Get($"GET /v2/{new string('a', noise.Next(7000, 20_000))} HTTP/1.1")),
        new("many parameters", noise =>
            Get($"GET /token?{string.Concat(Enumerable.Repeat("scope=repository:a:pull&", noise.Next(20, 300)))} HTTP/1.1")),
        new("a fragment", noise => Get($"GET /v2/{noise.Pick("#", "#x", "?#", "a#b?c")} HTTP/1.1")),
        new("a backslash", noise => Get($"GET {noise.Pick("\\v2\\", "/\\evil.example", "\\\\evil.example\\x", "/v2\\a")} HTTP/1.1")),
        new("absolute form", noise =>
            Get($"GET http{noise.Pick("", "s")}://{noise.Pick("localhost", "LOCALHOST", "localhost:80", "127.0.0.1:5000", "[::1]:1")}" +
                $"{noise.Pick("/v2/", "", "/", "?a=b", "/token", "/x#y", "#z")} HTTP/1.1")),
        new("absolute form of another host",
            noise => Get($"GET http://{noise.Word()}.example{noise.Pick("/v2/", "", "/livez/x")} HTTP/1.1")),
        new("absolute form with a strange authority",
            noise => Get(
                $"GET http://{noise.Pick("", ":80", "a@localhost", "localhost:", "localhost:x", "localhost:999999", "[::1", "::1", "a b", "localhost\\@evil.example", "%6cocalhost", "loc\u0001alhost", "localhost,evil", "\u00e4", "\u0001" + noise.Bytes(1, 10).Replace("\n", "").Replace("\r", ""))}/v2/ HTTP/1.1")) { IsRefused = true },
        new("absolute form of another scheme",
            noise => Get(
                $"GET {noise.Pick("ftp://localhost/", "HTTP://localhost/v2/", "file:///etc/passwd", "javascript:alert(1)", "urn:a", "ws://localhost/", "http:/v2/", "http:v2", "//localhost/v2/")} HTTP/1.1")),
        new("authority form without CONNECT",
            noise => Get($"GET {noise.Pick("localhost:80", "localhost", "[::1]:80", "a@b")} HTTP/1.1")) { IsRefused = true },
        new("asterisk form", noise => Get($"{noise.Pick("GET", "OPTIONS", "POST")} {noise.Pick("*", "**", "*/v2/")} HTTP/1.1")),
        new("noise", noise => noise.Bytes(1, 3000) + "\r\n\r\n") { MayWait = true },
        new("a preface of HTTP/2 that is none", noise => noise.Mutate("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + "\r\n\r\n")
        {
            MayWait = true, Answers = 2, IsHttp2 = true
        },
        new("the beginning of TLS",
            noise => $"\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003{noise.Bytes(100, 600)}\r\n\r\n") { MayWait = true },
        new("a PROXY header where none is wanted",
            noise => $"PROXY {noise.Pick("UNKNOWN", "TCP4 1.2.3.4 5.6.7.8 1 2")}\r\n" + Get("GET /v2/ HTTP/1.1")) { IsRefused = true },
    ];
}
