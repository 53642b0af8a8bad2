using static RegistryProxy.Tests.Malformed.Http2Line;

namespace RegistryProxy.Tests.Malformed;

/// <summary>What a hostile client of HTTP/2 does on one connection.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Run">Does it; bounded in count.</param>
internal sealed record Http2Attack(string Name, Func<Http2Line, Task> Run)
{
    /// <summary>Whether the client takes what comes back.</summary>
    public bool Reads { get; init; } = true;

    /// <summary>Whether it begins as it should.</summary>
    public bool Greets { get; init; } = true;

    /// <summary>Whether the server must end the connection.</summary>
    public bool IsEnded { get; init; }

    public static IEnumerable<Http2Attack> All => [.. Http2Floods.All, .. Http2Misuse.All];

    /// <summary>Sends batches of frames until the server has enough.</summary>
    public static async Task Flood(Http2Line line, int batches, Func<int, byte[]> batch)
    {
        for (var i = 0; i < batches && await line.Send(batch(i)); i++)
        {
            await Task.Yield();
        }
    }

    /// <summary>The same frame many times.</summary>
    public static byte[] Many(int count, byte[] frame) => [.. Enumerable.Repeat(frame, count).SelectMany(bytes => bytes)];

    /// <summary>Frames for many streams.</summary>
    public static byte[] Streams(int first, int count, Func<int, byte[]> frames) =>
        [.. Enumerable.Range(0, count).SelectMany(i => frames((2 * (first + i)) + 1))];

    /// <summary>A request that opens a stream and leaves it open.</summary>
    public static byte[] Open(int stream, string method = "POST", params (string, string)[] fields) =>
        Frame(Headers, EndHeaders, stream,
            Fields([.. Request("/token", method), ("content-type", "application/x-www-form-urlencoded"), .. fields]));

    public override string ToString() => Name;
}
