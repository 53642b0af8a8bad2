using System.Net;
using RegistryProxy.Gateway.Requests;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>HEAD of blobs, of clients and of the cache's own.</summary>
public sealed partial class BlobCacheTests
{
    [Fact]
    public async Task A_HEAD_of_what_is_here_is_answered_without_a_body()
    {
        await Pull();
        var request = Get(method: "HEAD");
        Assert.Equal(default, await _cache.Serve(request));
        Assert.Equal((CacheState.Hit, Blob.Bytes.Length), (request.Cache, request.Context.Response.ContentLength));
        Assert.Empty(CacheGateway.BodyOf(request));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.NotFound)]
    public async Task A_HEAD_that_is_refused_to_everybody_hides_nothing_that_a_GET_gets(HttpStatusCode refusal)
    {
        _gateway.Upstream.Answer = request => request.Method == HttpMethod.Head
            ? new HttpResponseMessage(refusal) : ScriptedUpstream.Ok(Blob.Bytes);
        Assert.Equal(CacheState.Miss, await Pull());
        Assert.Equal(CacheState.Hit, await Pull("c/d"));
        Assert.Equal(CacheState.Hit, await Pull());
    }
}
