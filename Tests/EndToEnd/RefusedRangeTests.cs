using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// A client is told 416 exactly when nothing of what it wants is there (RFC 9110 §15.5.17), whatever its upstream says of ranges; the blob
/// is not here yet in any of these.
/// </summary>
public sealed class RefusedRangeTests : IAsyncLifetime
{
    private const int Size = 3000;

    private static readonly string[] Ways =
        ["never-416", "blind-416", "zero-416", "short-416", "never-400", "never-405", "never-501", "mute", "whole", "chunked"];

    private readonly Dictionary<string, TestBlob> _blobs = [];
    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Serve);
        _door = await LeasedDoors.Take(Yaml());
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("a")]
    [InlineData("cached")]
    [InlineData("waits")]
    public async Task A_part_that_is_there_comes_and_one_that_is_not_is_416(string route)
    {
        foreach (var way in Ways)
        {
            foreach (var (range, first) in new[] { ("bytes=10-19", 10), ("bytes=-7", Size - 7), ($"bytes={Size - 1}-", Size - 1) })
            {
                var blob = New(Size);
                using var response = await Get(route, way, blob, range);
                var body = await response.Content.ReadAsByteArrayAsync();
                Assert.True((int)response.StatusCode is 200 or 206, $"{way} {range}: {response.StatusCode}");
                Assert.True(body.AsSpan().SequenceEqual(response.StatusCode == HttpStatusCode.OK
                    ? blob.Bytes : blob.Bytes.AsSpan(first, body.Length)), $"{way} {range}: other bytes");
            }

            foreach (var range in new[] { $"bytes={Size}-", $"bytes={Size + 5}-{Size + 9}", "bytes=-0" })
            {
                var blob = New(Size);
                using var response = await Get(route, way, blob, range);
                if (way == "chunked")
                {
                    // Nobody says how long it is before all of it has come.
                    Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
                    continue;
                }

                Assert.True(response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable, $"{way} {range}: {response.StatusCode}");
                Assert.Equal($"bytes */{Size}", response.Content.Headers.ContentRange?.ToString());
                await response.ShouldFail(HttpStatusCode.RequestedRangeNotSatisfiable, "SIZE_INVALID");
            }
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("cached")]
    [InlineData("waits")]
    [InlineData("a", "bytes=-5,7-")]
    [InlineData("cached", "bytes=-5,7-")]
    [InlineData("cached", "bytes=-5000000")]
    public async Task The_last_bytes_of_nothing_are_all_of_it_and_a_HEAD_of_it_is_answered(string route, string range = "bytes=-5")
    {
        // Nothing has one digest, which a cache that was used before may know.
        await using var door = await FrontDoor.Start(Yaml());
        using var alice = door.Client("alice");
        var nothing = New(0);
        var repository = $"{route}/zero-416";
        using var head = await alice.Do(HttpMethod.Head, $"/v2/{repository}/blobs/{nothing.Digest}", RegistryClient.Pull(repository));
        Assert.Equal((HttpStatusCode.OK, 0L), (head.StatusCode, head.Content.Headers.ContentLength));
        using var last = await alice.GetBlob(repository, nothing.Digest, ("Range", range));
        Assert.Equal((HttpStatusCode.OK, 0), (last.StatusCode, (await last.Content.ReadAsByteArrayAsync()).Length));
        using var first = await alice.GetBlob(repository, nothing.Digest, ("Range", "bytes=0-0"));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */0"),
            (first.StatusCode, first.Content.Headers.ContentRange?.ToString()));
    }

    [Fact]
    public async Task An_upstream_that_answers_416_to_what_is_no_range_fails()
    {
        using var manifest = await _alice.GetManifest("a/odd", "v1");
        await manifest.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
    }

    private string Yaml() => DoorConfiguration.Single(
        _upstream.Url, extra: "cache: { path: cache, tagTtl: 0s }",
        extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true }\n" +
        "      - { prefix: waits, upstream: local, cache: true, ranges: wait");

    private Task<HttpResponseMessage> Get(string route, string way, TestBlob blob, string range) =>
        _alice.GetBlob($"{route}/{way}", blob.Digest, ("Range", range));

    private TestBlob New(int size)
    {
        var blob = TestBlob.Random((_door.Number * 1000) + _blobs.Count, size);
        _blobs[blob.Digest.Value] = blob;
        return blob;
    }

    private Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/');
        if (path.Contains("odd"))
        {
            context.Response.StatusCode = 416;
            return Task.CompletedTask;
        }

        return _blobs.TryGetValue(path[^1], out var blob)
            ? HttpMethods.IsHead(context.Request.Method) ? Head(context, path[^3], blob) : Answer(context, path[^3], blob)
            : Task.CompletedTask;
    }

    private static Task Head(HttpContext context, string way, TestBlob blob)
    {
        context.Response.StatusCode = way is "blind-416" or "zero-416" ? 405 : 200;
        context.Response.ContentLength = way switch
        {
            "mute" or "blind-416" or "zero-416" => 0,
            "chunked" => null,
            _ => blob.Bytes.Length,
        };
        return Task.CompletedTask;
    }

    private static Task Answer(HttpContext context, string way, TestBlob blob)
    {
        var header = context.Request.Headers.Range.ToString();
        var (first, end) = header.Length == 0 ? (0, blob.Bytes.Length) : Range(header["bytes=".Length..].Split(',')[0].Split('-'), blob.Bytes.Length);
        return (way, header) switch
        {
            (_, "") when way != "chunked" => Send(context, 200, null, blob.Bytes),
            ("whole", _) => Send(context, 200, null, blob.Bytes),
            ("chunked", _) => Send(context, 200, null, blob.Bytes, isSized: false),
            ("zero-416", _) => Send(context, 416, "bytes */0", []),
            ("short-416", _) => Send(context, 416, $"bytes */{Size}", []),
            ("never-400", _) => Send(context, 400, null, []),
            ("never-405", _) => Send(context, 405, null, []),
            ("never-501", _) => Send(context, 501, null, []),
            ("mute", _) when first < end =>
                Send(context, 206, $"bytes {first}-{end - 1}/{blob.Bytes.Length}", blob.Bytes[first..end]),
            _ => Send(context, 416, null, []),
        };
    }

    private static (int First, int End) Range(string[] range, int size) => range[0] == ""
        ? (size - int.Parse(range[1]), size) : (int.Parse(range[0]), Math.Min(size, range[1] == "" ? size : int.Parse(range[1]) + 1));

    private static async Task Send(HttpContext context, int status, string? range, byte[] body, bool isSized = true)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.ContentRange = range;
        context.Response.ContentLength = isSized ? body.Length : null;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
