using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>When an upstream is asked for a manifest, and what is served when it is not, or cannot be.</summary>
public sealed class ManifestCacheTests : IDisposable
{
    private const string Oci = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Usual = $"{Oci}, {Index}";

    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TestBlob One = Manifest("one");
    private static readonly TestBlob Two = Manifest("two");

    private readonly CacheGateway _gateway = new();
    private readonly ManifestCache _cache;
    private TestBlob _tagged = One;
    private HttpStatusCode _fails = HttpStatusCode.OK;

    public ManifestCacheTests()
    {
        _cache = _gateway.Get<ManifestCache>();
        _gateway.Upstream.Answer = _ => _fails != HttpStatusCode.OK
            ? new HttpResponseMessage(_fails) : ScriptedUpstream.Ok(_tagged.Bytes, Oci, _tagged.Digest.Value);
    }

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task By_digest_it_comes_once()
    {
        Assert.Equal(CacheState.Miss, await Pull(One.Digest.Value));
        Assert.Equal([$"GET /v2/a/b/manifests/{One.Digest}"], _gateway.Upstream.Asked);
        Assert.Equal((0L, 1L), (Meter.SavedBytes, Meter.Misses));
        Assert.Equal(CacheState.Hit, await Pull(One.Digest.Value));
        Assert.Single(_gateway.Upstream.Asked);
        Assert.Equal(One.Bytes.Length, Meter.SavedBytes);
    }

    [Fact]
    public async Task Through_another_repository_it_is_asked_whether_it_is_there()
    {
        await Pull(One.Digest.Value);
        _gateway.Upstream.Clear();
        Assert.Equal(CacheState.Revalidated, await Pull(One.Digest.Value, "c/d"));
        Assert.Equal([$"HEAD /v2/c/d/manifests/{One.Digest}"], _gateway.Upstream.Asked);
        Assert.Equal(CacheState.Hit, await Pull(One.Digest.Value, "c/d"));
        _fails = HttpStatusCode.Forbidden;
        Assert.True((await Refused(One.Digest.Value, "e/f")).IsRefusedUpstream);
    }

    [Fact]
    public async Task Where_HEAD_is_no_word_a_GET_tells_whether_it_is_there()
    {
        await Pull(One.Digest.Value);
        var answer = _gateway.Upstream.Answer;
        _gateway.Upstream.Answer = request => request.Method == HttpMethod.Head
            ? new HttpResponseMessage(HttpStatusCode.MethodNotAllowed) : answer(request);
        Assert.Equal(CacheState.Revalidated, await Pull(One.Digest.Value, "c/d"));
        Assert.Equal($"GET /v2/c/d/manifests/{One.Digest}", _gateway.Upstream.Asked.Last());
        _fails = HttpStatusCode.Forbidden;
        Assert.True((await Refused(One.Digest.Value, "e/f")).IsRefusedUpstream);
    }

    [Fact]
    public async Task What_a_repository_was_known_to_hold_stands_in_for_an_upstream_that_fails_and_not_for_one_that_refuses()
    {
        await Pull(One.Digest.Value);
        _gateway.Get<InvalidationClock>().Leave();
        _fails = HttpStatusCode.InternalServerError;
        Assert.Equal(CacheState.Hit, await Pull(One.Digest.Value));
        Assert.Equal(502, (await Refused(One.Digest.Value, "c/d")).Status);
        _fails = HttpStatusCode.Forbidden;
        Assert.True((await Refused(One.Digest.Value)).IsRefusedUpstream);
        _fails = HttpStatusCode.InternalServerError;
        Assert.Equal(502, (await Refused(One.Digest.Value)).Status);
    }

    [Fact]
    public async Task A_tag_is_used_for_its_time_and_then_asked_about()
    {
        Assert.Equal(CacheState.Miss, await Pull("v1"));
        _gateway.Pass(Ttl - Tick);
        Assert.Equal(CacheState.Hit, await Pull("v1"));
        Assert.Equal(["GET /v2/a/b/manifests/v1"], _gateway.Upstream.Asked);
        _gateway.Pass(Tick);
        Assert.Equal(CacheState.Revalidated, await Pull("v1"));
        Assert.Equal("HEAD /v2/a/b/manifests/v1", _gateway.Upstream.Asked.Last());
        Assert.Equal(CacheState.Hit, await Pull("v1"));
        Assert.Equal(2, _gateway.Upstream.Asked.Count);
    }

    [Fact]
    public async Task A_tag_that_moved_brings_the_other_manifest()
    {
        await Pull("v1");
        _gateway.Pass(Ttl);
        _tagged = Two;
        Assert.Equal(CacheState.Miss, await Pull("v1", expected: Two));
        Assert.Equal(["GET /v2/a/b/manifests/v1", "HEAD /v2/a/b/manifests/v1", "GET /v2/a/b/manifests/v1"], _gateway.Upstream.Asked);
        Assert.Equal(CacheState.Hit, await Pull("v1", expected: Two));
        Assert.Equal(CacheState.Hit, await Pull(Two.Digest.Value, expected: Two));
        Assert.Equal(3, _gateway.Upstream.Asked.Count);
    }

    [Fact]
    public async Task A_write_ends_the_time_of_a_tag()
    {
        await Pull("v1");
        _gateway.Hear();
        _gateway.Time.Advance(Tick);
        _gateway.Hear();
        Assert.Equal(CacheState.Revalidated, await Pull("v1"));
    }

    [Fact]
    public async Task A_tag_stands_in_for_an_upstream_that_fails_for_its_time_and_says_so()
    {
        await Pull("v1");
        _fails = HttpStatusCode.InternalServerError;
        _gateway.Pass(Ttl + Stale - Tick);
        var request = Get("v1");
        Assert.Equal(default, await _cache.Serve(request));
        Assert.Equal(CacheState.Stale, request.Cache);
        Assert.StartsWith("299 - \"", request.Context.Response.Headers.Warning.ToString(), StringComparison.Ordinal);
        Assert.Equal(One.Bytes, CacheGateway.BodyOf(request));
        _gateway.Pass(Tick);
        Assert.Equal(502, (await Refused("v1")).Status);
    }

    [Fact]
    public async Task A_tag_that_an_upstream_refuses_stands_in_for_nothing()
    {
        await Pull("v1");
        _gateway.Pass(Ttl);
        _fails = HttpStatusCode.Forbidden;
        Assert.True((await Refused("v1")).IsRefusedUpstream);
        _fails = HttpStatusCode.InternalServerError;
        Assert.Equal(502, (await Refused("v1")).Status);
    }

    [Fact]
    public async Task Who_does_not_take_the_type_of_a_tag_has_the_upstream_asked()
    {
        await Pull("v1", accept: Index);
        Assert.Equal(CacheState.Revalidated, await Pull("v1", accept: Index));
        _gateway.Pass(Ttl);
        _fails = HttpStatusCode.InternalServerError;
        Assert.Equal(502, (await Refused("v1", accept: Index)).Status);
    }

    [Fact]
    public async Task What_an_upstream_says_is_not_there_is_the_answer()
    {
        _fails = HttpStatusCode.NotFound;
        Assert.Equal(("MANIFEST_UNKNOWN", 404), await Refused("v1") is { } error ? (error.Code, error.Status) : default);
        Assert.Equal(404, (await Refused(One.Digest.Value)).Status);
        Assert.Equal(2, Meter.Misses);
    }

    [Fact]
    public async Task What_is_too_large_is_left_to_the_upstream()
    {
        _tagged = new TestBlob(new byte[RegistryProxy.Protocol.Manifest.MaxBytes + 1]);
        var request = Get("v1");
        Assert.True((await _cache.Serve(request)).IsLeft);
        Assert.Equal(CacheState.Bypass, request.Cache);
    }

    [Fact]
    public async Task What_is_of_no_known_type_is_fetched_once_and_nothing_is_learned_of_its_tag()
    {
        var answer = _gateway.Upstream.Answer;
        foreach (var (text, type, accept) in new[]
        {
            ("""{"mediaType":"application/x"}""", "application/x", Usual),
            ("""{"schemaVersion":1,"tag":"x","fsLayers":[]}""", "application/vnd.docker.distribution.manifest.v1+json", "*/*"),
        })
        {
            var (other, repository) = (TestBlob.Of(text), type[^1..]);
            _gateway.Upstream.Clear();
            _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(other.Bytes, type, other.Digest.Value);
            Assert.Equal(CacheState.Bypass, await Pull("v1", repository, accept, other));
            Assert.Equal(CacheState.Revalidated, await Pull("v1", repository, accept, other));
            Assert.Equal(CacheState.Revalidated, await Pull("v1", repository, accept, other));
            Assert.Equal(["GET", "HEAD", "HEAD"], _gateway.Upstream.Asked.Select(asked => asked[..asked.IndexOf(' ')]));
        }

        _gateway.Upstream.Answer = answer;
        Assert.Equal(CacheState.Miss, await Pull("v1", "x"));
        Assert.Equal(CacheState.Hit, await Pull("v1", "x"));
    }

    [Fact]
    public async Task Heads_and_conditions_are_answered_without_a_body()
    {
        await Pull("v1");
        var head = Get("v1", method: "HEAD");
        Assert.Equal(default, await _cache.Serve(head));
        Assert.Equal((Oci, One.Bytes.Length), (head.Context.Response.ContentType, head.Context.Response.ContentLength));
        Assert.Empty(CacheGateway.BodyOf(head));
        var known = Get("v1");
        known.Context.Request.Headers.IfNoneMatch = $"\"{One.Digest}\"";
        Assert.Equal(default, await _cache.Serve(known));
        Assert.Equal(StatusCodes.Status304NotModified, known.Context.Response.StatusCode);
        Assert.Empty(CacheGateway.BodyOf(known));
        Assert.Equal(0, Meter.SavedBytes);
    }

    [Fact]
    public async Task A_long_one_comes_whole()
    {
        _tagged = Manifest(new string('x', 200_000));
        Assert.Equal(CacheState.Miss, await Pull("v1", expected: _tagged));
        Assert.Equal(CacheState.Hit, await Pull("v1", expected: _tagged));
    }

    [Fact]
    public async Task Without_a_time_of_its_own_each_pull_of_a_tag_is_asked_about()
    {
        using var gateway = new CacheGateway(cache => cache with { TagTtl = TimeSpan.Zero, StaleIfError = TimeSpan.Zero });
        gateway.Upstream.Answer = _gateway.Upstream.Answer;
        foreach (var state in (CacheState[])[CacheState.Miss, CacheState.Revalidated, CacheState.Revalidated])
        {
            var request = gateway.Request("GET", "/v2/a/b/manifests/v1", headers: ("Accept", Usual));
            await gateway.Get<ManifestCache>().Serve(request);
            Assert.Equal(state, request.Cache);
        }

        _fails = HttpStatusCode.InternalServerError;
        var failed = await gateway.Get<ManifestCache>().Serve(gateway.Request("GET", "/v2/a/b/manifests/v1", headers: ("Accept", Usual)));
        Assert.Equal(502, failed.Error!.Status);
    }

    private CacheMeter Meter => _gateway.Get<CacheMeter>();

    internal static TestBlob Manifest(string note) => new(Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{Oci}}","config":{},"layers":[],"annotations":{"note":"{{note}}"} }"""));

    private RegistryRequest Get(string reference, string repository = "a/b", string accept = Usual, string method = "GET") =>
        _gateway.Request(method, $"/v2/{repository}/manifests/{reference}", headers: ("Accept", accept));

    private async Task<CacheState> Pull(string reference, string repository = "a/b", string accept = Usual, TestBlob? expected = null)
    {
        var request = Get(reference, repository, accept);
        Assert.Equal(default, await _cache.Serve(request));
        Assert.Equal((expected ?? One).Bytes, CacheGateway.BodyOf(request));
        Assert.Equal((expected ?? One).Digest.Value, request.Context.Response.Headers["Docker-Content-Digest"]);
        Assert.Equal((expected ?? One).Bytes.Length, request.Context.Response.ContentLength);
        Assert.Equal(0, request.Context.Response.Headers.Warning.Count);
        return request.Cache;
    }

    private async Task<DistributionError> Refused(string reference, string repository = "a/b", string accept = Usual)
    {
        var request = Get(reference, repository, accept);
        var served = await _cache.Serve(request);
        Assert.Empty(CacheGateway.BodyOf(request));
        return served.Error!;
    }
}
