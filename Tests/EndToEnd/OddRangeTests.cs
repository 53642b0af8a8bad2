using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Parts of blobs that are not here are right, or the upstream is named, whatever it makes of ranges.</summary>
public sealed class OddRangeTests : IClassFixture<OddRangeTests.Place>
{
    private const int Size = 300_000;

    private const string Several = "bytes=5-9,70000-199999,-5";

    private static readonly (int, int)[] Parts = [(5, 9), (70_000, 199_999), (Size - 5, Size - 1)];

    private readonly FrontDoor _door;
    private readonly RegistryClient _alice;
    private readonly RangeUpstream _upstream;
    private readonly TestBlob _blob;
    private readonly string _at;

    public OddRangeTests(Place place)
    {
        (_door, _alice) = (place.Door, place.Alice);
        (_at, _upstream, _blob) = place.Take();
    }

    [Fact]
    public async Task Several_are_those_that_were_asked_for()
    {
        foreach (var way in new[] { "right", "one-by-one", "no-several", "bad-several", "denied-several", "long-several", "union",
            "first-alone", "shorter", "cut", "fewer", "turned", "garbage", "longer" })
        {
            foreach (var route in new[] { "a", "cached" })
            {
                for (var again = 0; again < 2; again++)
                {
                    using var response = await Get($"{route}/{way}", Several);
                    await response.ShouldBe(_blob, Parts);
                }
            }
        }

        // What an upstream does not take is not asked of it each time.
        Assert.Equal(2, Asked("one-by-one").Count(range => range.Contains(',')));
        Assert.Equal(2, Asked("long-several").Count(range => range.Contains(',')));
        Assert.Equal(4, Asked("right").Count());
    }

    [Fact]
    public async Task Of_an_upstream_that_gives_the_whole_alone_they_come_from_one_download()
    {
        foreach (var way in new[] { "whole", "never-416" })
        {
            using (var streamed = await Get($"a/{way}", Several))
            {
                Assert.Equal(_blob.Bytes, await streamed.Content.ReadAsByteArrayAsync());
            }

            await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            {
                using var response = await Get($"cached/{way}", i % 2 == 0 ? Several : $"bytes={i}-{i + 9}");
                await response.ShouldBe(_blob, i % 2 == 0 ? Parts : [(i, i + 9)]);
            }));
        }
    }

    [Fact]
    public async Task One_is_the_one_that_was_asked_for_or_the_upstream_is_named()
    {
        foreach (var way in new[] { "right", "shorter", "multipart-of-one" })
        {
            using var response = await Get($"cached/{way}", "bytes=70000-199999");
            await response.ShouldBe(_blob, (70_000, 199_999));
        }

        foreach (var way in new[] { "another", "unnamed" })
        {
            foreach (var range in new[] { "bytes=5-9", Several })
            {
                using var response = await Get($"cached/{way}", range);
                await response.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
            }
        }
    }

    [Fact]
    public async Task What_one_client_asks_for_changes_nothing_for_those_who_ask_after_it()
    {
        foreach (var range in new[] { $"bytes={Size}-{Size + 1},{Size + 5}-{Size + 9}", $"bytes=5-9,-{Size - 1}",
            "bytes=5-9,5-9", "bytes=-0" })
        {
            using var odd = await Get("a/right", range);
            Assert.Contains((int)odd.StatusCode, new[] { 206, 416 });
        }

        var before = Asked("right").Count();
        using var response = await Get("a/right", Several);
        await response.ShouldBe(_blob, Parts);
        Assert.Equal([Several], Asked("right").Skip(before));
    }

    [Fact]
    public async Task An_upstream_that_gives_a_part_of_a_part_at_a_time_is_asked_until_all_has_come()
    {
        using var response = await Get("cached/shorter", $"bytes=1-{Size - 1}");
        await response.ShouldBe(_blob, (1, Size - 1));
    }

    [Fact]
    public async Task An_error_before_the_first_byte_is_an_error_alone()
    {
        foreach (var route in new[] { "a", "cached" })
        {
            using var response = await Get($"{route}/broken", Several);
            await response.ShouldFail(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        }
    }

    [Fact]
    public async Task What_lies_outside_is_416_and_a_condition_is_kept()
    {
        foreach (var route in new[] { "a/right", "cached/one-by-one", "cached/no-several" })
        {
            using var outside = await Get(route, $"bytes={Size}-,{Size + 5}-{Size + 9}");
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
            using var nothing = await Get(route, "bytes=-0");
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, nothing.StatusCode);
            using var half = await Get(route, $"bytes={Size + 5}-,7-8");
            await half.ShouldBe(_blob, (7, 8));
            using var joined = await Get(route, "bytes=100-199,50-120,,200-299");
            await joined.ShouldBe(_blob, (50, 299));
            using var apart = await Get(route, "bytes=200-299,100-199,0-9");
            await apart.ShouldBe(_blob, (200, 299), (100, 199), (0, 9));
            using var all = await Get(route, $"bytes=-10,0-{Size}");
            Assert.Equal(_blob.Bytes, await all.Content.ReadAsByteArrayAsync());
            using var old = await Get(route, Several, ("If-Range", "\"sha256:other\""));
            Assert.Equal((HttpStatusCode.OK, Size), (old.StatusCode, (await old.Content.ReadAsByteArrayAsync()).Length));
        }

        using var same = await Get("a/right", Several, ("If-Range", $"\"{_blob.Digest}\""));
        await same.ShouldBe(_blob, Parts);
        using var known = await Get("a/right", Several, ("If-None-Match", $"\"{_blob.Digest}\""));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
    }

    [Fact]
    public async Task Many_who_want_the_same_at_once_cost_the_upstream_one_request_and_single_ones_come_four_at_once()
    {
        await _alice.Token(RegistryClient.Pull($"{_at}/cached/right"));
        var held = new TaskCompletionSource();
        _upstream.Held = held.Task;
        var readers = Enumerable.Range(0, 50).Select(_ => Get("cached/right", Several)).ToList();
        await Eventually.True(() => _upstream.Gets.Any(), "it is asked");
        await Eventually.True(async () => await _door.Metric("http_server_active_requests") > 50, "all of them wait");
        held.SetResult();
        foreach (var reader in readers)
        {
            using var response = await reader;
            await response.ShouldBe(_blob, Parts);
        }

        Assert.InRange(Asked("right").Count(), 1, 10);
        var ranges = Enumerable.Range(0, 40).Select(i => (i * 5000, (i * 5000) + 99)).ToArray();
        using var many = await Get("a/one-by-one", "bytes=" + string.Join(',', ranges.Select(range => $"{range.Item1}-{range.Item2}")));
        await many.ShouldBe(_blob, ranges);
        Assert.InRange(_upstream.Most, 1, 5);
    }

    [Theory]
    [InlineData("a/one-by-one", 65)]
    [InlineData("a/one-by-one", 1024)]
    [InlineData("cached/one-by-one", 1024)]
    [InlineData("a/right", 1024)]
    public async Task As_many_as_may_be_asked_for_come_alone_and_not_the_whole(string repository, int count)
    {
        var ranges = Enumerable.Range(0, count).Select(i => (i * 190, (i * 190) + 9)).ToArray();
        using var several = await Get(repository, "bytes=" + string.Join(',', ranges.Select(range => $"{range.Item1}-{range.Item2}")));
        await several.ShouldBe(_blob, ranges);
        Assert.InRange(_upstream.Most, 1, 5);
        Assert.DoesNotContain("", Asked(repository.Split('/')[1]));
    }

    [Fact]
    public async Task The_whole_behind_a_range_keeps_to_what_its_tenant_may_transfer()
    {
        await using var upstream = await RangeUpstream.Start(_blob);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            upstream.Url, extra: "cache: { path: cache }", extraRoute: ", cache: true, ranges: fill")
            .Replace("hosts: [\"*\"]", $"hosts: [\"*\"]\n    limits: {{ bytesPerSecond: {Size / 4} }}"));
        using var alice = door.Client("alice");
        var began = TimeProvider.System.GetTimestamp();
        using var part = await alice.GetBlob("a/right", _blob.Digest, ("Range", "bytes=0-9"));
        await part.ShouldBe(_blob, (0, 9));
        await Eventually.True(async () => await door.Metric("registryproxy_cache_objects") > 0, "the whole came behind it");
        Assert.True(TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(2), "four seconds' worth came at once");
    }

    /// <summary>A registry of Go answers 416 to what is no range; RFC 9110 §14.2 has it ignored.</summary>
    [Fact]
    public async Task What_is_no_range_is_the_whole_whether_it_is_cached_or_not()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            registry.Url, extra: "cache: { path: cache }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true }\n" +
            "      - { prefix: waits, upstream: local, cache: true, ranges: wait"));
        using var alice = door.Client("alice");
        foreach (var repository in new[] { "a/b", "cached/b", "waits/b" })
        {
            await alice.PushBlob(repository, _blob);
            for (var again = 0; again < 2; again++)
            {
                foreach (var odd in new[] { "bytes=5-3", "bytes=5-3,7-8", "bytes=abc", "bytes=", "bytes=--5", "items=0-1" })
                {
                    using var whole = await alice.GetBlob(repository, _blob.Digest, ("Range", odd));
                    Assert.Equal((repository, odd, HttpStatusCode.OK), (repository, odd, whole.StatusCode));
                    Assert.Null(whole.Content.Headers.ContentRange);
                    Assert.Equal(_blob.Bytes, await whole.Content.ReadAsByteArrayAsync());
                }
            }
        }
    }

    [Fact]
    public async Task Behind_several_comes_the_whole_where_the_route_says_so()
    {
        var before = await _door.Metric("registryproxy_cache_objects");
        using var several = await Get("filled/right", Several);
        await several.ShouldBe(_blob, Parts);
        await Eventually.True(async () => await _door.Metric("registryproxy_cache_objects") > before, "the whole came behind them");
        Assert.Equal(1, Asked("right").Count(range => range.Length == 0));
    }

    private Task<HttpResponseMessage> Get(string repository, string range, params (string, string)[] more) =>
        _alice.GetBlob($"{_at}/{repository}", _blob.Digest, [("Range", range), .. more]);

    private IEnumerable<string> Asked(string way) => _upstream.Gets.Where(request => request.Target.Contains($"/{way}/"))
        .Select(request => request.Headers.GetValueOrDefault("Range", ""));

    /// <summary>The door of this class, before upstreams of which each test has one, with a blob of its own.</summary>
    public sealed class Place : ClassDoor
    {
        private const int Upstreams = 16;

        private readonly TestBlob[] _blobs = [.. Enumerable.Range(0, Upstreams).Select(number => TestBlob.Random(77_000 + number, Size))];
        private RangeUpstream[] _upstreams = [];
        private int _taken;

        /// <summary>An upstream, its blob, and what names that lead there begin with.</summary>
        internal (string At, RangeUpstream Upstream, TestBlob Blob) Take() => ($"n{_taken}", _upstreams[_taken], _blobs[_taken++]);

        protected override async Task<string> Prepare()
        {
            _upstreams = await Task.WhenAll(_blobs.Select(RangeUpstream.Start));
            return DoorConfiguration.Single(
                "http://127.0.0.1:9", extra: "cache: { path: cache, tagTtl: 0s }",
                extraRoute: " }" + string.Concat(Enumerable.Range(0, Upstreams).Select(Routes)) + "\n      - { prefix: none, upstream: local")
                .Replace("\nauthenticators:", string.Concat(_upstreams.Select(
                    (upstream, number) => $"\n  up-{number}: {{ url: \"{upstream.Url}\", allowPrivate: true }}")) + "\nauthenticators:");
        }

        protected override async ValueTask End()
        {
            foreach (var upstream in _upstreams)
            {
                await upstream.DisposeAsync();
            }
        }

        private static string Routes(int number) => $$"""

                  - { prefix: n{{number}}, upstream: up-{{number}} }
                  - { prefix: n{{number}}/cached, upstream: up-{{number}}, cache: true }
                  - { prefix: n{{number}}/filled, upstream: up-{{number}}, cache: true, ranges: fill }
            """;
    }
}
