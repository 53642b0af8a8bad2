using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>An upstream that has blobs and gives them at the pace of the test: whole, or from an offset on.</summary>
internal sealed class BlobUpstream : IAsyncDisposable
{
    private const int ChunkBytes = 64 * 1024;

    private readonly Dictionary<string, TestBlob> _blobs;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private RecordingUpstream _server = null!;
    private long _sent;
    private int _running;

    private BlobUpstream(IEnumerable<TestBlob> blobs) => _blobs = blobs.ToDictionary(blob => blob.Digest.Value);

    public string Url => _server.Url;

    /// <summary>Bytes of blobs that were sent.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Downloads that are under way.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Waits after each 64 KiB.</summary>
    public TimeSpan Pace { get; set; }

    /// <summary>Where downloads stop until <see cref="Release"/>, in bytes; none by default.</summary>
    public long HoldAt { get; set; } = long.MaxValue;

    public static async Task<BlobUpstream> Start(params TestBlob[] blobs)
    {
        var upstream = new BlobUpstream(blobs);
        upstream._server = await RecordingUpstream.Start(upstream.Serve);
        return upstream;
    }

    /// <summary>Lets a blob that is held go on.</summary>
    public void Release(TestBlob blob) => GateOf(blob).TrySetResult();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task Serve(HttpContext context)
    {
        if (!_blobs.TryGetValue(context.Request.Path.Value!.Split('/')[^1], out var blob))
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : 404;
            return;
        }

        var first = context.Request.Headers.Range.ToString() is { Length: > 0 } range
            ? int.Parse(range["bytes=".Length..range.IndexOf('-')], CultureInfo.InvariantCulture) : 0;
        if (first > 0)
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {first}-{blob.Bytes.Length - 1}/{blob.Bytes.Length}";
        }

        context.Response.ContentLength = blob.Bytes.Length - first;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        Interlocked.Increment(ref _running);
        try
        {
            await Send(context, blob, first);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task Send(HttpContext context, TestBlob blob, int first)
    {
        for (var at = first; at < blob.Bytes.Length; at += ChunkBytes)
        {
            if (at >= HoldAt)
            {
                await GateOf(blob).Task.WaitAsync(context.RequestAborted);
            }

            var count = Math.Min(ChunkBytes, blob.Bytes.Length - at);
            await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(at, count), context.RequestAborted);
            Interlocked.Add(ref _sent, count);
            if (Pace > TimeSpan.Zero)
            {
                await Task.Delay(Pace, context.RequestAborted);
            }
        }
    }

    private TaskCompletionSource GateOf(TestBlob blob) =>
        _gates.GetOrAdd(blob.Digest.Value, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
