using System.Text;
using static RegistryProxy.Tests.Malformed.Http2Attack;
using static RegistryProxy.Tests.Malformed.Http2Line;

namespace RegistryProxy.Tests.Malformed;

/// <summary>What is not allowed.</summary>
internal static class Http2Misuse
{
    public static IEnumerable<Http2Attack> All =>
    [
        new("a preface that breaks off", line => line.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n"u8.ToArray())) { Greets = false },
        new("no SETTINGS after the preface", line => line.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Get(1))) { Greets = false },
        new("bytes that are no frames",
            line => line.Send(Encoding.Latin1.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))) { IsEnded = true },
        new("a frame longer than may be", line => line.Send(Frame(Data, 0, 1, new byte[20_000]))) { IsEnded = true },
        new("frames of the wrong length", line => line.Send(Frame(Ping, 0, 0, new byte[7]))) { IsEnded = true },
        new("SETTINGS that may not be", line => line.Send(Frame(Settings, 0, 0, [0, 4, 255, 255, 255, 255]))) { IsEnded = true },
        new("windows that overflow",
            line => line.Send(Frame(WindowUpdate, 0, 0, Number(int.MaxValue)),
                Frame(WindowUpdate, 0, 0, Number(int.MaxValue)))) { IsEnded = true },
        new("a stream that depends on itself",
            line => line.Send(Frame(
                Headers, EndStream | EndHeaders | WithPriority, 1, [.. Number(1), 16, .. Fields(Request())]))) { IsEnded = true },
        new("streams with even numbers", line => line.Send(Get(2))) { IsEnded = true },
        new("streams that go back", line => line.Send(Get(9), Get(3))) { IsEnded = true },
        new("DATA for a stream that was never opened", line => line.Send(Frame(Data, 0, 5, [1]))) { IsEnded = true },
        new("HEADERS within HEADERS", line => line.Send(Frame(Headers, EndStream, 1, Fields(Request())), Get(3))) { IsEnded = true },
        new("padding longer than the frame", line => line.Send(Open(1), Frame(Data, Padded, 1, [200, 1, 2]))) { IsEnded = true },
        new("a push by the client",
            line => line.Send(Frame(PushPromise, EndHeaders, 1, [.. Number(2), .. Fields(Request())]))) { IsEnded = true },
        new("an index beyond the table",
            line => line.Send(Frame(Headers, EndStream | EndHeaders, 1, [0xff, 0xff, 0xff, 0x7f]))) { IsEnded = true },
        new("letters that are large",
            line => line.Send(Frame(Headers, EndStream | EndHeaders, 1, Fields([.. Request(), ("X-Large", "a")])))) { IsEnded = true },
        new("names that are no tokens",
            line => line.Send(Frame(Headers, EndStream | EndHeaders, 1, Fields([.. Request(), ("x\u000by", "a")])))) { IsEnded = true },
        new("headers of the connection",
            line => Flood(line, 4, i =>
                Frame(Headers, EndStream | EndHeaders, (2 * i) + 1,
                    Fields([.. Request(), (i % 2 == 0 ? "connection" : "transfer-encoding",
                        i % 2 == 0 ? "keep-alive" : "chunked")])))) { IsEnded = true },
        new("pseudo-headers twice, unknown and late",
            line => Flood(line, 3, i =>
                Frame(Headers, EndStream | EndHeaders, (2 * i) + 1,
                    Fields([.. Request(), i == 0 ? (":path", "/x") : (":unknown", "x")])))) { IsEnded = true },
        new("no pseudo-headers", line => line.Send(Frame(Headers, EndStream | EndHeaders, 1, Fields(("a", "b"))))),
        new("targets that are none",
            line => Flood(line, 20, i =>
                Get((2 * i) + 1, new[] { "", "*", "v2/", "http://evil.example/v2/", "/\0", "/v2/\r\nX: y", "//evil" }[i % 7]))),
        new("a length that the body has not",
            line => line.Send(Open(1, "POST", ("content-length", "5")), Frame(Data, EndStream, 1, new byte[9]),
                Open(3, "POST", ("content-length", "50")), Frame(Data, EndStream, 3, [1]))),
        new("lengths that are no numbers", line => line.Send(Open(1, "POST", ("content-length", "+5")))) { IsEnded = true },
        new("trailers that do not end the stream",
            line => line.Send(Open(1), Frame(Headers, EndHeaders, 1, Fields(("x", "y"))))) { IsEnded = true },
        new("trailers with pseudo-headers",
            line => line.Send(Open(1), Frame(Headers, EndStream | EndHeaders, 1, Fields((":path", "/"))))) { IsEnded = true },
        new("CONNECT", line => Flood(
            line, 20, i => Frame(Headers, EndHeaders, (2 * i) + 1, Fields((":method", "CONNECT"), (":authority", "evil.example:443"))))),
        new("another protocol", line =>
            line.Send(Frame(Headers, EndHeaders, 1, Fields([.. Request("/v2/", "CONNECT"), (":protocol", "websocket")])))),
    ];
}
