using static RegistryProxy.Tests.Malformed.Http2Attack;
using static RegistryProxy.Tests.Malformed.Http2Line;

namespace RegistryProxy.Tests.Malformed;

/// <summary>Much of what is allowed, or costs the server more than the client.</summary>
internal static class Http2Floods
{
    public static IEnumerable<Http2Attack> All =>
    [
        new("rapid reset", line =>
            Flood(line, 60, i => Streams(i * 100, 100, stream => [.. Get(stream), .. Frame(Reset, 0, stream, Number(8))]))),
        new("resets that the server is made to send",
            line => Flood(line, 60, i => Streams(i * 50, 50, stream => [.. Open(stream), .. Frame(WindowUpdate, 0, stream, Number(0))]))),
        new("resets by windows that overflow",
            line => Flood(line, 60, i =>
                Streams(i * 50, 50, stream => [.. Get(stream), .. Frame(WindowUpdate, 0, stream, Number(int.MaxValue))]))),
        new("a flood of CONTINUATION", async line =>
        {
            await line.Send(Frame(Headers, EndStream, 1, Fields(Request())));
            await Flood(line, 200, i => Many(20, Frame(Continuation, 0, 1, Fields(($"x-{i}", new string('x', 300))))));
        }) { IsEnded = true },
        new("empty CONTINUATIONs", async line =>
        {
            await line.Send(Frame(Headers, EndStream, 1, Fields(Request())));
            await Flood(line, 100, _ => Many(500, Frame(Continuation, 0, 1)));
        }),
        new("a flood of SETTINGS",
            line => Flood(line, 100, i => Many(500, Frame(Settings, 0, 0, [0, 4, 0, 0, 255, (byte)(i & 1)])))) { IsEnded = true },
        new("a flood of SETTINGS that nobody reads", line => Flood(line, 100, _ => Many(500, Frame(Settings, 0, 0)))) { Reads = false },
        new("a flood of PING", line => Flood(line, 100, _ => Many(500, Frame(Ping, 0, 0, new byte[8])))) { IsEnded = true },
        new("a flood of PING that nobody reads",
            line => Flood(line, 100, _ => Many(500, Frame(Ping, 0, 0, new byte[8])))) { Reads = false },
        new("a flood of acknowledgements",
            line => Flood(line, 100, _ => Many(500, [.. Frame(Ping, Ack, 0, new byte[8]), .. Frame(Settings, Ack, 0)]))) { IsEnded = true },
        new("a flood of PRIORITY",
            line => Flood(line, 100, i => Many(500, Frame(Priority, 0, (2 * i) + 1, [0, 0, 0, 0, 16])))) { IsEnded = true },
        new("a flood of WINDOW_UPDATE", line => Flood(line, 100, _ => Many(500, Frame(WindowUpdate, 0, 0, Number(1))))) { IsEnded = true },
        new("a flood of resets of what has ended", async line =>
        {
            await line.Send(Get(1));
            await Flood(line, 60, _ => Many(500, Frame(Reset, 0, 1, Number(8))));
        }) { IsEnded = true },
        new("a flood of frames that nobody knows",
            line => Flood(line, 100, _ => Many(500, Frame(0x42, 0xff, 0, new byte[20])))) { IsEnded = true },
        new("a flood of empty DATA", async line =>
        {
            await line.Send(Open(1));
            await Flood(line, 100, _ => Many(500, Frame(Data, 0, 1)));
        }) { IsEnded = true },
        new("DATA that is all padding", async line =>
        {
            await line.Send(Open(1));
            await Flood(line, 100, _ => Many(200, Frame(Data, Padded, 1, [200, .. new byte[200]])));
        }),
        new("streams that are opened and never ended", line => Flood(line, 20, i => Streams(i * 100, 100, stream => Open(stream)))),
        new("answers that nobody makes room for", async line =>
        {
            await line.Send(Frame(Settings, 0, 0, [0, 4, 0, 0, 0, 0]));
            await Flood(line, 20, i => Streams(i * 5, 5, stream => Get(stream, "/.well-known/jwks.json")));
        }),
        new("a header table that grows and shrinks",
            line => Flood(line, 50, i =>
                [.. Frame(Settings, 0, 0, [0, 1, 0, (byte)(i % 2 == 0 ? 0 : 255), 255, 255]), .. Get((2 * i) + 1)])),
        new("an HPACK bomb", line => Flood(line, 30, i => Frame(Headers, EndStream | EndHeaders, (2 * i) + 1,
        [
            .. Fields(Request()), 0x40, 1, (byte)'a', 127, 129, 31, .. Enumerable.Repeat((byte)'x', 4096), .. Enumerable.Repeat(
                (byte)0xbe, 11_000),
        ]))) { IsEnded = true },
        new("large header lists",
            line => Flood(line, 30, i =>
                [.. Frame(Headers, EndStream, (2 * i) + 1, Fields(Request())),
                    .. Many(3, Frame(Continuation, 0, (2 * i) + 1, Fields(("x", new string('x', 15_000))))), .. Frame(
                        Continuation, EndHeaders, (2 * i) + 1)])),
        new("more headers than may be",
            line => line.Send(Frame(Headers, EndStream | EndHeaders, 1,
                Fields([.. Request(), .. Enumerable.Range(0, 300).Select(i => ($"x-{i}", ""))])))) { IsEnded = true },
        new("cookies in crumbs",
            line => line.Send(Frame(Headers, EndStream | EndHeaders, 1,
                Fields([.. Request(), .. Enumerable.Range(0, 900).Select(_ => ("cookie", "a=b"))])))) { IsEnded = true },
    ];
}
