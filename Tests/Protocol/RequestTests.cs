using CsCheck;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed class RequestTests
{
    private const string Hex = "c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c";
    private const string Digest = $"sha256:{Hex}";
    private const string Encoded = $"sha256%3A{Hex}";

    [Theory]
    [InlineData("/v2/", DistributionEndpoint.Base, null)]
    [InlineData("/v2/_catalog?n=1", DistributionEndpoint.Catalog, null)]
    [InlineData("/v2/a/tags/list", DistributionEndpoint.Tags, "a")]
    [InlineData("/v2/tags/list/tags/list", DistributionEndpoint.Tags, "tags/list")]
    [InlineData("/v2/a/manifests/b/manifests/c", DistributionEndpoint.Manifest, "a/manifests/b")]
    [InlineData("/v2/x/blobs/uploads/manifests/latest", DistributionEndpoint.Manifest, "x/blobs/uploads")]
    [InlineData("/v2/x/blobs/" + Digest, DistributionEndpoint.Blob, "x")]
    [InlineData("/v2/blobs/uploads/blobs/" + Digest, DistributionEndpoint.Blob, "blobs/uploads")]
    [InlineData("/v2/x/blobs/uploads/", DistributionEndpoint.Uploads, "x")]
    [InlineData("/v2/x/blobs/uploads", DistributionEndpoint.Uploads, "x")]
    [InlineData("/v2/x/blobs/uploads/blobs/uploads/", DistributionEndpoint.Uploads, "x/blobs/uploads")]
    [InlineData("/v2/x/blobs/uploads/some-id_1", DistributionEndpoint.Upload, "x")]
    [InlineData("/v2/x/referrers/" + Digest + "?artifactType=a%2Fb", DistributionEndpoint.Referrers, "x")]
    [InlineData("/v2/referrers/referrers/" + Digest, DistributionEndpoint.Referrers, "referrers")]
    [InlineData("/v2/x/blobs/" + Encoded, DistributionEndpoint.Blob, "x")]
    [InlineData("/v2/x/manifests/" + Encoded + "?tag=a", DistributionEndpoint.Manifest, "x")]
    [InlineData("/v2/x/referrers/sha256%3a" + Hex, DistributionEndpoint.Referrers, "x")]
    public void Endpoints_are_recognised_from_the_right(string target, DistributionEndpoint endpoint, string? repository)
    {
        Assert.True(DistributionPath.TryParse(target, out var path, out _));
        Assert.Equal((endpoint, repository), (path.Endpoint, path.Repository?.Value));
    }

    [Theory]
    [InlineData("/v2", 400)]
    [InlineData("/v2/a", 404)]
    [InlineData("/v2/a/b/c", 404)]
    [InlineData("/v2/manifests/latest", 400)]
    [InlineData("/v2/a/manifests/", 400)]
    [InlineData("/v2/a/manifests/.tag", 400)]
    [InlineData("/v2/a/manifests/sha256:zz", 400)]
    [InlineData("/v2/a/blobs/latest", 400)]
    [InlineData("/v2/a/blobs/uploads/../x", 404)]
    [InlineData("/v2/a/blobs/uploads/a=b", 404)]
    [InlineData("/v2/a%2fb/manifests/latest", 400)]
    [InlineData("/v2/a%2fb/manifests/" + Encoded, 400)]
    [InlineData("/v2/a%3Ab/manifests/" + Encoded, 400)]
    [InlineData("/v2/a/manifests/sha256%253A" + Hex, 400)]
    [InlineData("/v2/a/manifests/sha256%3A%3A" + Hex, 400)]
    [InlineData("/v2/a/manifests/sha256%3Azz", 400)]
    [InlineData("/v2/a/manifests/v%3A1", 400)]
    [InlineData("/v2/a%3A" + Hex + "/manifests/latest", 400)]
    [InlineData("/v2/a/blobs%2F" + Encoded, 400)]
    [InlineData("/v2/a/manifests/latest?x=%zz", 400)]
    [InlineData("/v2/a/manifests/latest?x=1#y", 400)]
    public void What_is_not_an_endpoint_has_an_error(string target, int status)
    {
        Assert.False(DistributionPath.TryParse(target, out _, out var error));
        Assert.Equal(status, error.Status);
    }

    [Fact]
    public void Any_target_parses_or_fails_without_an_exception() =>
        Gen.OneOfConst("/v2/", "a", "/", "manifests", "blobs", "uploads", "tags", "list", "?", "=", "&", "%", "%2", "%41", "+", ":",
            Digest, "é", "\u0001")
            .Array[0, 12].Select(string.Concat)
                .Sample(target => DistributionPath.TryParse(target, out _, out var error) || error is not null, iter: 50_000);

    [Fact]
    public void A_query_is_split_raw_and_decoded_once()
    {
        Assert.True(QueryParameters.TryParse("a=1%2526&b=%3D%26&b=x+y&c&=z", out var query));
        Assert.True(query.TryGetSingle("a", out var a));
        Assert.Equal("1%26", a);
        Assert.Equal(["=&", "x y"], query.All("b"));
        Assert.False(query.TryGetSingle("b", out _));
        Assert.True(query.TryGetSingle("c", out var c));
        Assert.Equal("", c);
        foreach (var broken in new[] { "a=%", "a=%4", "a=%4g", "a=%ff", "a=%00", "a=\u0007", "a=é%41" })
        {
            Assert.False(QueryParameters.TryParse(broken, out _), broken);
        }
    }
}
