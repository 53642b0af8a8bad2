using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Where a blob is served from, what is asked of the upstream for that, and what is learned from its answers.</summary>
public sealed partial class BlobCacheTests : IDisposable
{
    private static readonly TestBlob Blob = TestBlob.Random(1, 100_000);

    private readonly CacheGateway _gateway = new();
    private readonly BlobCache _cache;

    public BlobCacheTests()
    {
        _cache = _gateway.Get<BlobCache>();
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(Blob.Bytes);
    }

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task A_blob_comes_once_and_is_served_from_the_disk_after_that()
    {
        Assert.Equal(CacheState.Miss, await Pull());
        Assert.Equal([$"GET /v2/a/b/blobs/{Blob.Digest}"], _gateway.Upstream.Asked);
        Assert.Equal((0L, 1L), (Meter.SavedBytes, Meter.Misses));
        Assert.Equal(CacheState.Hit, await Pull());
        Assert.Single(_gateway.Upstream.Asked);
        Assert.Equal((Blob.Bytes.Length, 1L, 1L), (Meter.SavedBytes, Meter.Misses, Meter.Hits));
    }

    [Fact]
    public async Task Through_another_repository_it_is_served_when_the_upstream_says_that_it_is_there_and_for_a_day_after_that()
    {
        await Pull();
        _gateway.Upstream.Clear();
        Assert.Equal(CacheState.Hit, await Pull("c/d"));
        Assert.Equal([$"HEAD /v2/c/d/blobs/{Blob.Digest}"], _gateway.Upstream.Asked);
        Assert.Equal(CacheState.Hit, await Pull("c/d"));
        Assert.Single(_gateway.Upstream.Asked);
        _gateway.Pass(TimeSpan.FromDays(1));
        Assert.Equal(CacheState.Hit, await Pull("c/d"));
        Assert.Equal(2, _gateway.Upstream.Asked.Count);
    }

    [Fact]
    public async Task Through_a_repository_that_does_not_hold_it_nothing_is_served()
    {
        await Pull();
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.Forbidden);
        var request = Get("c/d");
        var served = await _cache.Serve(request);
        Assert.True(served.Error!.IsRefusedUpstream);
        Assert.Null(served.Left);
        Assert.Empty(CacheGateway.BodyOf(request));
    }

    [Fact]
    public async Task Another_tenants_bytes_are_not_served_without_its_own_upstream_sending_them()
    {
        await Pull();
        Assert.Equal(CacheState.Miss, await Pull(tenant: "other"));
        Assert.Equal(2, _gateway.Upstream.Asked.Count(asked => asked.StartsWith("GET", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task While_writes_are_not_heard_of_the_upstream_is_asked_and_where_it_fails_what_was_known_counts()
    {
        await Pull();
        _gateway.Get<InvalidationClock>().Leave();
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.InternalServerError);
        Assert.Equal(CacheState.Hit, await Pull());
        var served = await _cache.Serve(Get("c/d"));
        Assert.Equal(502, served.Error!.Status);
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.Forbidden);
        Assert.True((await _cache.Serve(Get())).Error!.IsRefusedUpstream);
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.InternalServerError);
        Assert.Equal(502, (await _cache.Serve(Get())).Error!.Status);
    }

    [Fact]
    public async Task A_HEAD_of_what_is_not_here_is_left_to_the_upstream_and_its_answer_is_learned_from()
    {
        var (request, left) = await Leave();
        Assert.Equal(CacheState.Miss, request.Cache);
        Assert.NotNull(left.Asked);
        Assert.Null(_cache.Learn(request, left, null));
        Assert.True(Knows());
        Assert.Equal(404, _cache.Learn(request, left, DistributionError.BlobUnknown())!.Status);
        Assert.False(Knows());
    }

    [Fact]
    public async Task Of_an_answer_that_says_nothing_nothing_is_learned()
    {
        var (gone, left) = await Leave();
        CacheGateway.Leave(gone);
        _cache.Learn(gone, left, null);
        Assert.False(Knows());
        (var other, left) = await Leave();
        other.Context.Response.StatusCode = StatusCodes.Status302Found;
        _cache.Learn(other, left, null);
        Assert.False(Knows());
        (var failed, left) = await Leave();
        Assert.NotNull(_cache.Learn(failed, left, DistributionError.Unavailable(503, "down", 1)));
        Assert.False(Knows());
        (var whole, left) = await Leave();
        _cache.Learn(whole, left with { Asked = null }, null);
        Assert.False(Knows());
        (var written, left) = await Leave();
        _gateway.Get<InvalidationClock>().Note(left.Link.Target, Guid.NewGuid(), isFinished: true);
        _cache.Learn(written, left, null);
        Assert.False(Knows());
    }

    [Fact]
    public async Task Who_comes_while_it_comes_joins()
    {
        var body = Hold();
        var first = Get();
        var one = _cache.Serve(first).AsTask();

        // Whether the upstream has answered yet makes no difference.
        await Eventually.True(() => _gateway.Upstream.Asked.Count == 1, "it is asked for");
        var second = Get();
        var two = _cache.Serve(second).AsTask();
        await Eventually.True(() => second.Cache == CacheState.Joined, "it is joined");
        await body.WriteAsync(Blob.Bytes);
        Assert.Equal([default, default], await Task.WhenAll(one, two));
        Assert.Equal(CacheState.Miss, first.Cache);
        Assert.All([first, second], request => Assert.Equal(Blob.Bytes, CacheGateway.BodyOf(request)));
        Assert.Single(_gateway.Upstream.Asked);
        Assert.Equal(Blob.Bytes.Length, Meter.SavedBytes);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK)]
    [InlineData(HttpStatusCode.Forbidden)]
    public async Task Who_comes_through_another_repository_meanwhile_joins_when_the_upstream_allows_it(HttpStatusCode status)
    {
        var body = Hold(status);
        var one = _cache.Serve(Get()).AsTask();
        await Eventually.True(() => _gateway.Upstream.Asked.Count == 1, "it is asked for");
        var second = Get("c/d");
        var two = _cache.Serve(second).AsTask();
        await Eventually.True(() => two.IsCompleted || second.Cache == CacheState.Joined, "it is joined or refused");
        await body.WriteAsync(Blob.Bytes);
        Assert.Equal(default, await one);
        Assert.Equal(status != HttpStatusCode.OK, (await two).Error is { IsRefusedUpstream: true });
        Assert.Equal(status == HttpStatusCode.OK ? Blob.Bytes : [], CacheGateway.BodyOf(second));
        Assert.Equal(1, _gateway.Upstream.Asked.Count(asked => asked.StartsWith("GET", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Those_who_joined_one_that_was_refused_to_its_caller_alone_ask_for_themselves()
    {
        using var gateway = Elected(out var election);
        var first = Payer(gateway);
        var link = RepositoryLink.Of(first, Blob.Digest);
        gateway.Get<LinkCheck>().Learn(link, gateway.Get<LinkCheck>().Mark(link));
        var one = gateway.Get<BlobCache>().Serve(first).AsTask();
        await Eventually.True(() => gateway.Grains.Elections == 1, "it is begun");
        var second = gateway.Request("GET", $"/v2/a/b/blobs/{Blob.Digest}");
        var two = gateway.Get<BlobCache>().Serve(second).AsTask();
        gateway.Grains.Elect = (_, _, _) => Task.FromResult(new FetchElection { Term = 2 });
        election.SetResult(new FetchElection { Term = 1 });
        Assert.Equal(429, (await one).Error!.Status);
        Assert.Null((await two).Error);
        Assert.Equal(Blob.Bytes, CacheGateway.BodyOf(second));
    }

    [Fact]
    public async Task What_the_upstream_refuses_is_the_answer_and_ends_what_was_known()
    {
        var (request, left) = await Leave();
        _cache.Learn(request, left, null);
        Assert.True(Knows());
        _gateway.Upstream.Answer = _ => new HttpResponseMessage(HttpStatusCode.Forbidden);
        var served = await _cache.Serve(Get());
        Assert.Equal((true, null), (served.Error!.IsRefusedUpstream, served.Left));
        Assert.False(Knows());
    }

    [Fact]
    public async Task A_blob_that_is_not_kept_is_left_and_for_a_minute_not_tried_again()
    {
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(PipeReader.Create(new MemoryStream(Blob.Bytes)), null);
        Assert.Equal((CacheState.Bypass, 1), await Left());
        Assert.Equal((CacheState.Bypass, 1), await Left());
        _gateway.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal((CacheState.Bypass, 2), await Left());

        async Task<(CacheState, int)> Left()
        {
            var request = Get();
            var served = await _cache.Serve(request);
            Assert.Equal((null, null), (served.Error, served.Left!.Asked));
            Assert.Empty(CacheGateway.BodyOf(request));
            return (request.Cache, _gateway.Upstream.Asked.Count);
        }
    }

    [Fact]
    public async Task Wrong_bytes_never_end_cleanly()
    {
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(TestBlob.Random(2, Blob.Bytes.Length).Bytes);
        var request = Get();
        Assert.Equal(default, await _cache.Serve(request));
        Assert.True(CacheGateway.IsCut(request));
        Assert.True(CacheGateway.BodyOf(request).Length < Blob.Bytes.Length);
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(Blob.Bytes);
        Assert.Equal(CacheState.Miss, await Pull());
    }

    private CacheMeter Meter => _gateway.Get<CacheMeter>();

    private RegistryRequest Get(string repository = "a/b", string tenant = "acme", string method = "GET") =>
        _gateway.Request(method, $"/v2/{repository}/blobs/{Blob.Digest}", tenant);

    private bool Knows() => _gateway.Get<LinkCheck>().Knows(RepositoryLink.Of(Get(), Blob.Digest));

    private async Task<CacheState> Pull(string repository = "a/b", string tenant = "acme")
    {
        var request = Get(repository, tenant);
        Assert.Equal(default, await _cache.Serve(request));
        Assert.Equal(Blob.Bytes, CacheGateway.BodyOf(request));
        return request.Cache;
    }

    private async Task<(RegistryRequest Request, LeftBlob Left)> Leave()
    {
        var request = Get(method: "HEAD");
        var served = await _cache.Serve(request);
        Assert.Null(served.Error);
        return (request, served.Left!);
    }

    /// <summary>GETs are answered with a body that comes when it is written; what another repository is asked with a status.</summary>
    private PipeWriter Hold(HttpStatusCode other = HttpStatusCode.OK)
    {
        var body = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        _gateway.Upstream.Answer = request =>
            request.RequestUri!.AbsolutePath.StartsWith("/v2/c/d/", StringComparison.Ordinal) ? new HttpResponseMessage(other)
            : request.Method == HttpMethod.Head ? ScriptedUpstream.Ok([])
            : ScriptedUpstream.Ok(body.Reader, Blob.Bytes.Length);
        return body.Writer;
    }

    /// <summary>A gateway whose first election is not over yet.</summary>
    private static CacheGateway Elected(out TaskCompletionSource<FetchElection> election)
    {
        var held = election = new TaskCompletionSource<FetchElection>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gateway = new CacheGateway(isPeer: true);
        foreach (var port in (int[])[5000, 5001, 5003])
        {
            gateway.Listener.Addresses.Add($"https://0.0.0.0:{port}");
        }

        gateway.Grains.Elect = (_, _, _) => held.Task;
        gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(Blob.Bytes);
        return gateway;
    }

    /// <summary>A request of somebody who may bring up no more names.</summary>
    private static RegistryRequest Payer(CacheGateway gateway)
    {
        var request = gateway.Request("GET", $"/v2/a/b/blobs/{Blob.Digest}");
        var account = new NameAccount(
            new MissedNames(null!, gateway.Time), CallerAddress.Of(IPAddress.Loopback), new RateGate(gateway.Time, TimeSpan.Zero));
        Assert.Null(account.Take());
        return new RegistryRequest
        {
            Context = request.Context, TokenService = request.TokenService, Map = request.Map, Path = request.Path,
            Repository = request.Repository, Route = request.Route, Destination = request.Destination, Caller = request.Caller,
            Account = account,
        };
    }
}
