using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Parts of blobs that are not here.</summary>
public sealed partial class BlobCacheTests
{
    [Fact]
    public async Task A_part_is_passed_on_where_the_route_says_so()
    {
        using var gateway = new CacheGateway(ranges: RouteRanges.Pass);
        gateway.Upstream.Answer = request => request.Headers.Range is null
            ? ScriptedUpstream.Ok(Blob.Bytes) : ScriptedUpstream.Rest(Blob.Bytes, 99_000);
        var request = gateway.Request("GET", $"/v2/a/b/blobs/{Blob.Digest}", headers: ("Range", "bytes=99000-99999"));
        Assert.Equal(default, await gateway.Get<BlobCache>().Serve(request));
        Assert.Equal(CacheState.Unverified, request.Cache);
        Assert.Equal(Blob.Bytes[99_000..], CacheGateway.BodyOf(request));
        Assert.Equal([$"GET /v2/a/b/blobs/{Blob.Digest} bytes=99000-99999"], gateway.Upstream.Asked);
    }
}
