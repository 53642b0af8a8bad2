using System.IO.Pipelines;
using System.Net;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

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

    [Fact]
    public async Task Several_parts_of_a_blob_that_cannot_be_kept_are_those_parts()
    {
        using var gateway = new CacheGateway();
        var body = new Pipe();
        gateway.Upstream.Answer = message => message.Headers.Range is { } asked
            ? ScriptedUpstream.Part(Blob.Bytes, (int)asked.Ranges.First().From!, (int)asked.Ranges.First().To!)
            : ScriptedUpstream.Ok(body.Reader, null);
        var request = gateway.Request("GET", $"/v2/a/b/blobs/{Blob.Digest}", headers: ("Range", "bytes=0-9,1000-1009"));
        Assert.Null(await gateway.Get<PullOperations>().Blob(request));
        Assert.Equal(206, request.Context.Response.StatusCode);
        Assert.StartsWith("multipart/byteranges", request.Context.Response.ContentType);
        Assert.InRange(CacheGateway.BodyOf(request).Length, 20, 1000);
    }

    [Fact]
    public async Task A_304_has_no_body_whatever_length_it_says()
    {
        using var gateway = new CacheGateway(ranges: RouteRanges.Pass);
        gateway.Upstream.Answer = _ =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.NotModified) { Content = new ByteArrayContent([]) };
            answer.Content.Headers.ContentLength = Blob.Bytes.Length;
            return answer;
        };
        var request = gateway.Request("GET", $"/v2/a/b/blobs/{Blob.Digest}", headers: ("If-None-Match", $"\"{Blob.Digest}\""));
        Assert.Null(await gateway.Get<UpstreamDownloads>().Send(request, new Download
        {
            Target = OriginForm.Of($"/v2/a/b/blobs/{Blob.Digest}"), Payer = request,
            Scope = UpstreamScope.Pull(request.UpstreamName), NotFound = DistributionError.BlobUnknown(), FollowRedirects = true,
            Kind = CallKind.Pull, Content = ContentKind.Blob,
        }));
        Assert.Equal((304, null), (request.Context.Response.StatusCode, request.Context.Response.ContentLength));
        Assert.Single(gateway.Upstream.Asked);
    }
}
