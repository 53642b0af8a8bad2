using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Ranges (RFC 9110 §14) of what is in the cache, and of what is just coming into it.</summary>
public sealed class CacheRangeTests
{
    private const int Size = 1_000_003;

    private static readonly TestBlob Blob = TestBlob.Random(760, Size);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ranges_are_exact(bool coming)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        upstream.HoldAt = coming ? 300_000 : long.MaxValue;
        var opening = alice.GetBlob("a/b", Blob.Digest);
        using var first = await opening;
        if (!coming)
        {
            await first.Content.ReadAsByteArrayAsync();
        }

        // While it comes, heads are answered at once, and bodies end when all of it has come.
        List<Func<Task>> bodies = [];
        foreach (var (name, value, expected) in Cases())
        {
            var response = await alice.GetBlob(
                "a/b", Blob.Digest, name.Split('\n').Zip(value.Split('\n')).Select(pair => (pair.First, pair.Second)).ToArray());
            bodies.Add(await Check(response, $"{name}: {value}", expected));
        }

        upstream.Release(Blob);
        foreach (var body in bodies)
        {
            await body();
        }

        Assert.Equal(Blob.Digest, new TestBlob(await first.Content.ReadAsByteArrayAsync()).Digest);
        Assert.Equal(Size, upstream.Sent);
    }

    /// <summary>The same whether the blob is here, or comes.</summary>
    [Fact]
    public async Task Several_ranges_come_in_one_answer()
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        for (var pull = 0; pull < 2; pull++)
        {
            using var response = await alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=-3,500-600,0-0,550-70000"));
            await response.ShouldBe(Blob, (0, 0), (500, 70_000), (Size - 3, Size - 1));
        }
    }

    /// <summary>A range of what is not here yet is passed on at once, and kept by nobody; behind it may come the whole.</summary>
    [Theory]
    [InlineData("pass")]
    [InlineData("fill")]
    public async Task A_range_does_not_wait_for_the_whole(string ranges)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
            context.Request.Path == "/v2/" ? Task.CompletedTask
                : Results.Bytes(Blob.Bytes, enableRangeProcessing: true).ExecuteAsync(context));
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url, ranges: ranges));
        using var alice = door.Client("alice");
        (string, string)[][] questions = [[("Range", "bytes=5-9")], [("Range", "bytes=5-9"), ("If-Range", $"\"{Blob.Digest}\"")]];
        foreach (var question in questions)
        {
            using var response = await alice.GetBlob("a/b", Blob.Digest, question);
            Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
            Assert.Equal($"bytes 5-9/{Size}", response.Content.Headers.ContentRange!.ToString());
            Assert.Equal(Blob.Bytes[5..10], await response.Content.ReadAsByteArrayAsync());
        }

        Assert.InRange(await door.Metric("registryproxy_cache_requests_total", "result=\"unverified\""), 1, 2);
        if (ranges == "fill")
        {
            await Eventually.True(async () => await door.Metric("registryproxy_cache_objects") > 0, "the whole came behind the range");
        }

        var objects = await door.Metric("registryproxy_cache_objects");
        using var whole = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await whole.Content.ReadAsByteArrayAsync()).Digest);
        Assert.Equal(ranges == "fill" ? 1 : 0, objects);
        Assert.Equal(1, upstream.Requests.Count(
            request => request.Method == "GET" && request.Target.Contains("/blobs/") && !request.Headers.ContainsKey("Range")));
    }

    /// <summary>A range is still being passed on while the whole comes and is kept behind another one.</summary>
    [Fact]
    public async Task The_whole_comes_once_behind_ranges_that_overlap_it()
    {
        TaskCompletionSource second = new(), kept = new();
        var ranges = 0;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            var isRange = context.Request.Headers.Range.Count > 0;
            if (context.Request.Path != "/v2/")
            {
                if (isRange && Interlocked.Increment(ref ranges) == 2)
                {
                    second.TrySetResult();
                    await kept.Task;
                }
                else if (!isRange && HttpMethods.IsGet(context.Request.Method))
                {
                    await second.Task;
                }

                await Results.Bytes(Blob.Bytes, enableRangeProcessing: true).ExecuteAsync(context);
            }
        });
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url, ranges: "fill"));
        using var alice = door.Client("alice");
        using var first = await alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=5-9"));
        var opening = alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=7-9"));
        await Eventually.True(async () => await door.Metric("registryproxy_cache_objects") > 0, "the whole came behind the range");
        kept.SetResult();
        using var overlapping = await opening;
        Assert.Equal(Blob.Bytes[7..10], await overlapping.Content.ReadAsByteArrayAsync());
        await Eventually.True(
            async () => await door.Metric("registryproxy_cache_requests_total", "result=\"unverified\"") == 2, "both were passed on");
        using var whole = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await whole.Content.ReadAsByteArrayAsync()).Digest);
        Assert.Equal(1, upstream.Requests.Count(
            request => request.Method == "GET" && request.Target.Contains("/blobs/") && !request.Headers.ContainsKey("Range")));
    }

    private static IEnumerable<(string Name, string Value, (int First, int Last)? Range)> Cases()
    {
        var whole = (0, -1);
        (string, string, (int, int)?)[] fixedCases =
        [
            ("Range", "bytes=0-0", (0, 0)),
            ("Range", $"bytes=0-{Size - 1}", (0, Size - 1)),
            ("Range", $"bytes=0-{Size * 2L}", (0, Size - 1)),
            ("Range", "bytes=999999-", (999_999, Size - 1)),
            ("Range", "bytes=-1", (Size - 1, Size - 1)),
            ("Range", $"bytes=-{Size * 3L}", (0, Size - 1)),
            ("Range", "BYTES=5-6", (5, 6)),
            ("Range", $"bytes={Size}-", null),
            ("Range", $"bytes={Size}-{Size + 1}", null),
            ("Range", "bytes=-0", null),
            ("Range", "bytes=5-9, 0-4,,3-20", (0, 20)),
            ("Range", $"bytes=7-8,{Size}-", (7, 8)),
            ("Range", $"bytes={Size}-,-0", null),
            ("Range", "bytes=0-1,9-5", whole),
            ("Range", "bytes=0-1,x", whole),
            ("Range", "bytes=" + string.Join(',', Enumerable.Range(0, 1025).Select(i => $"{i * 3}-{i * 3}")), whole),
            ("Range", "bytes=9-5", whole),
            ("Range", "bytes=-", whole),
            ("Range", "bytes=a-b", whole),
            ("Range", "bytes=+1-2", whole),
            ("Range", "bytes=99999999999999999999-", whole),
            ("Range", "lines=1-2", whole),
            ("Range\nIf-Range", $"bytes=7-9\n\"{Blob.Digest}\"", (7, 9)),
            ("Range\nIf-Range", $"bytes=7-9\nW/\"{Blob.Digest}\"", whole),
            ("Range\nIf-Range", "bytes=7-9\n\"sha256:other\"", whole),
            ("Range\nIf-Range", "bytes=7-9\nTue, 24 Nov 2026 00:00:00 GMT", whole),
        ];
        var random = new Random(761);
        var seeded = Enumerable.Range(0, Sizes.Of(60, 5000)).Select(_ =>
        {
            var (from, length) = (random.Next(Size), random.Next(1, 5000));
            return ("Range", $"bytes={from}-{from + length - 1}", ((int, int)?)(from, Math.Min(from + length, Size) - 1));
        });
        return fixedCases.Concat(seeded);
    }

    /// <summary>Checks a head; returns the check of the body.</summary>
    private static async Task<Func<Task>> Check(HttpResponseMessage response, string asked, (int First, int Last)? expected)
    {
        if (expected is not { } range)
        {
            Assert.True(response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable, asked);
            Assert.Equal($"bytes */{Size}", response.Content.Headers.ContentRange!.ToString());
            await response.ShouldFail(HttpStatusCode.RequestedRangeNotSatisfiable, "SIZE_INVALID");
            return () => Task.CompletedTask;
        }

        var isWhole = range.Last < 0;
        var (first, last) = isWhole ? (0, Size - 1) : range;
        Assert.True(response.StatusCode == (isWhole ? HttpStatusCode.OK : HttpStatusCode.PartialContent), asked);
        Assert.Equal(last - first + 1, response.Content.Headers.ContentLength);
        Assert.Equal(isWhole ? null : $"bytes {first}-{last}/{Size}", response.Content.Headers.ContentRange?.ToString());
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
        return async () =>
        {
            using (response)
            {
                Assert.Equal(new TestBlob(Blob.Bytes[first..(last + 1)]).Digest,
                    new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
            }
        };
    }
}
