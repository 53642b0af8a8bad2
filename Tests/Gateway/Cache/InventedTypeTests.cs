using System.Net;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Whoever invents media types for a tag that is here costs the upstream no pulls, and pays for what it is asked.</summary>
public sealed class InventedTypeTests : IDisposable
{
    private const string Oci = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";

    private static readonly TestBlob One = ManifestCacheTests.Manifest("one");
    private static readonly TestBlob Two = ManifestCacheTests.Manifest("two");

    private readonly CacheGateway _gateway = new();
    private readonly ManifestCache _cache;
    private TestBlob _tagged = One;

    public InventedTypeTests()
    {
        _cache = _gateway.Get<ManifestCache>();
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_tagged.Bytes, Oci, _tagged.Digest.Value);
    }

    public void Dispose() => _gateway.Dispose();

    [Theory]
    [InlineData(HttpStatusCode.OK)]
    [InlineData(HttpStatusCode.MethodNotAllowed)]
    public async Task Invented_types_cost_one_pull_in_the_time_of_a_tag_where_HEAD_does_not_say_what_it_is(HttpStatusCode head)
    {
        _gateway.Upstream.Answer = request => request.Method == HttpMethod.Head && head != HttpStatusCode.OK
            ? new HttpResponseMessage(head) : ScriptedUpstream.Ok(_tagged.Bytes, Oci);
        await Pull("v1");
        for (var i = 0; i < 300; i++)
        {
            await Pull("v1", accept: $"x/{i}");
            await Pull("v1", accept: i % 2 == 0 ? Index : $"{Index}, x/{i}");
        }

        Assert.Equal(3, _gateway.Upstream.Asked.Count(asked => asked.StartsWith("GET", StringComparison.Ordinal)));
        _gateway.Pass(TimeSpan.FromSeconds(30));
        _tagged = Two;
        await Pull("v1", accept: "x/new", expected: Two);
        await Pull("v1", accept: "x/newer", expected: Two);
        Assert.Equal(4, _gateway.Upstream.Asked.Count(asked => asked.StartsWith("GET", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_stranger_is_charged_for_each_question_that_his_types_make()
    {
        await Pull("v1", accept: "x/first");
        var spent = new RateGate(_gateway.Time, TimeSpan.FromSeconds(40));
        _gateway.Account = new NameAccount(_gateway.Get<MissedNames>(), CallerAddress.Of(IPAddress.Loopback), spent);
        for (var i = 0; i < 200; i++)
        {
            await Pull("v1", accept: $"x/{i}");
        }

        var asked = _gateway.Upstream.Asked.Count;
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(429, (await _cache.Serve(Get("v1", $"y/{i}"))).Error!.Status);
        }

        Assert.Equal(asked, _gateway.Upstream.Asked.Count);
        await Pull("v1");
        Assert.Equal(CacheState.Hit, await Pull("v1"));
        _gateway.Account = null;
        Assert.Equal(CacheState.Revalidated, await Pull("v1", accept: "x/of-a-user"));
    }

    private RegistryRequest Get(string tag, string accept) =>
        _gateway.Request("GET", $"/v2/a/b/manifests/{tag}", headers: ("Accept", accept));

    private async Task<CacheState> Pull(string tag, string accept = $"{Oci}, {Index}", TestBlob? expected = null)
    {
        var request = Get(tag, accept);
        Assert.Equal(default, await _cache.Serve(request));
        Assert.Equal((expected ?? One).Bytes, CacheGateway.BodyOf(request));
        Assert.Equal((expected ?? One).Digest.Value, request.Context.Response.Headers["Docker-Content-Digest"]);
        return request.Cache;
    }
}
