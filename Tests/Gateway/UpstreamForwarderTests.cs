using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Gateway.Cache;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway;

/// <summary>An upstream has long to finish a blob, however the client sent it, and a minute to begin one.</summary>
public sealed class UpstreamForwarderTests
{
    [Theory]
    [InlineData("POST", "", null, true)]
    [InlineData("POST", "?mount=", null, true)]
    [InlineData("POST", "?digest=", "PUT", false)]
    [InlineData("PATCH", "1", null, false)]
    [InlineData("PUT", "1?digest=", null, false)]
    public void What_sends_content_may_take_long(string method, string target, string? sentAs, bool isBeginning)
    {
        using var gateway = new CacheGateway();
        var digest = target.EndsWith('=') ? TestBlob.Random(1, 10).Digest.Value : "";
        var request = gateway.Request(method, $"/v2/a/b/blobs/uploads/{target}{digest}");
        var forwarding = new ForwardRequest
        {
            Target = OriginForm.Of("/v2/a/b/blobs/uploads/"), Payer = request, Scope = UpstreamScope.Push(request.UpstreamName),
            NotFound = DistributionError.NameUnknown(), Method = sentAs is null ? null : new HttpMethod(sentAs),
        };
        Assert.Equal(isBeginning, UpstreamForwarder.IsBeginning(request, forwarding));
    }
}
