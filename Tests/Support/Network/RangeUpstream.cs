using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// An upstream with one blob that makes of ranges what the last part of the repository's name says. It counts what it is asked, and can
/// hold back its answers.
/// </summary>
internal sealed class RangeUpstream : IAsyncDisposable
{
    private const string Boundary = "THIS_STRING_SEPARATES";

    private readonly TestBlob _blob;
    private RecordingUpstream _server = null!;
    private int _running;
    private int _most;

    private RangeUpstream(TestBlob blob) => _blob = blob;

    public string Url => _server.Url;

    /// <summary>What it was asked for of blobs.</summary>
    public IEnumerable<RecordedRequest> Gets =>
        _server.Requests.Where(request => request.Method == "GET" && request.Target.Contains("/blobs/"));

    /// <summary>Answers at once.</summary>
    public int Most => Volatile.Read(ref _most);

    /// <summary>Nothing of a body comes before.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    public static async Task<RangeUpstream> Start(TestBlob blob)
    {
        var upstream = new RangeUpstream(blob);
        upstream._server = await RecordingUpstream.Start(upstream.Serve);
        return upstream;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/');
        if (path[^1] != _blob.Digest.Value || HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = path[^1] == _blob.Digest.Value || path.Length < 4 ? 200 : 404;
            context.Response.ContentLength = path[^1] == _blob.Digest.Value ? _blob.Bytes.Length : 0;
            return;
        }

        var running = Interlocked.Increment(ref _running);
        for (var most = _most; running > most && Interlocked.CompareExchange(ref _most, running, most) != most; most = _most)
        {
        }

        try
        {
            await Held.WaitAsync(context.RequestAborted);
            await Answer(context, path[^3], context.Request.Headers.Range.ToString());
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private Task Answer(HttpContext context, string way, string header)
    {
        var ranges = Ranges(header);
        return header.Length > 0 && ranges.Length == 0 ? Send(context, 416, $"bytes */{_blob.Bytes.Length}", [])
            : Answer(context, way, ranges);
    }

    private Task Answer(HttpContext context, string way, (int First, int Last)[] ranges) => (way, ranges) switch
    {
        (_, []) or ("whole", _) or ("one-by-one", [_, _, ..]) => Send(context, 200, null, _blob.Bytes),
        ("no-several", [_, _, ..]) => Send(context, 416, null, []),
        ("bad-several", [_, _, ..]) => Send(context, 400, null, []),
        ("denied-several", [_, _, ..]) => Send(context, 403, null, []),
        ("long-several", [_, _, ..]) => Send(context, 431, null, []),
        ("broken", [_, _, ..]) => Broken(context, RangeAnswer.Body(_blob, Boundary, ranges)[..200]),
        ("broken", _) => Send(context, 503, null, []),
        ("never-416", _) => Send(context, 416, null, []),
        ("union", [var first, .., var last]) => One(context, (first.First, last.Last)),
        ("first-alone", [var first, _, ..]) => One(context, first),
        ("unnamed", _) => Send(context, 206, null, _blob.Bytes[ranges[0].First..(ranges[0].Last + 1)]),
        ("another", [var (first, last), ..]) =>
            Send(context, 206, $"bytes {first + 1}-{last}/{_blob.Bytes.Length}", new byte[last - first]),
        ("shorter", [var (first, last)]) => One(context, (first, Math.Min(last, first + 50_000))),
        ("multipart-of-one", [_]) => Parts(context, RangeAnswer.Body(_blob, Boundary, ranges)),
        ("cut", [_, _, ..]) => Parts(context, RangeAnswer.Body(_blob, Boundary, ranges)[..^60]),
        ("fewer", [_, _, ..]) => Parts(context, RangeAnswer.Body(_blob, Boundary, ranges[..1])),
        ("turned", [_, _, ..]) => Parts(context, RangeAnswer.Body(_blob, Boundary, [.. ranges.Reverse()])),
        ("garbage", [_, _, ..]) => Parts(context, new byte[3000]),
        ("longer", [_, _, ..]) => Parts(context, Longer(ranges)),
        (_, [var one]) => One(context, one),
        _ => Parts(context, RangeAnswer.Body(_blob, Boundary, ranges)),
    };

    /// <summary>The second part has more bytes than it says.</summary>
    private byte[] Longer((int First, int Last)[] ranges)
    {
        var body = RangeAnswer.Body(_blob, Boundary, ranges[..1]);
        return [.. body[..^(Boundary.Length + 8)], .. new byte[100], .. RangeAnswer.Body(_blob, Boundary, ranges[1..])];
    }

    private Task One(HttpContext context, (int First, int Last) range) => Send(
        context, 206, $"bytes {range.First}-{range.Last}/{_blob.Bytes.Length}", _blob.Bytes[range.First..(range.Last + 1)]);

    private static Task Parts(HttpContext context, byte[] body)
    {
        context.Response.ContentType = $"multipart/byteranges; boundary={Boundary}";
        return Send(context, 206, null, body);
    }

    /// <summary>The first part begins, and ends before its bytes.</summary>
    private static async Task Broken(HttpContext context, byte[] beginning)
    {
        var head = beginning.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        context.Response.ContentType = $"multipart/byteranges; boundary={Boundary}";
        context.Response.StatusCode = 206;
        await context.Response.Body.WriteAsync(beginning.AsMemory(0, head), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    private static async Task Send(HttpContext context, int status, string? range, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.ContentRange = range;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private (int First, int Last)[] Ranges(string header) => header.Length == 0 ? [] :
    [
        .. header["bytes=".Length..].Split(',').Select(text => text.Split('-')).Select(range => range[0] == ""
            ? (_blob.Bytes.Length - int.Parse(range[1]), _blob.Bytes.Length - 1)
            : (int.Parse(range[0]), range[1] == "" ? _blob.Bytes.Length - 1 : Math.Min(int.Parse(range[1]), _blob.Bytes.Length - 1)))
            .Where(range => range.Item1 < _blob.Bytes.Length),
    ];
}
