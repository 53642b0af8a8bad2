using Microsoft.Extensions.Primitives;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a client takes, as the cache sees it.</summary>
public sealed class AcceptedTypesTests
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";

    [Theory]
    [InlineData(Image, ManifestTypes.OciManifest, false)]
    [InlineData(" Application/vnd.oci.image.manifest.v1+JSON ;q=0.3 ", ManifestTypes.OciManifest, false)]
    [InlineData(Image + "," + Index, ManifestTypes.OciManifest | ManifestTypes.OciIndex, false)]
    [InlineData(Index + " , ,\t" + Image, ManifestTypes.OciManifest | ManifestTypes.OciIndex, false)]
    [InlineData(Index + ";q=0.000, " + Image, ManifestTypes.OciManifest, false)]
    [InlineData("*/*", ManifestTypes.Any, false)]
    [InlineData("application/*;q=0.1", ManifestTypes.Any, false)]
    [InlineData("x/y, " + Image, ManifestTypes.OciManifest, true)]
    [InlineData(Image + ".not, x", ManifestTypes.None, true)]
    [InlineData("", ManifestTypes.None, false)]
    public void The_known_types_count_however_they_are_written(string accept, object known, bool others) =>
        Assert.Equal(new AcceptedTypes((ManifestTypes)known, others), AcceptedTypes.Of(accept));

    [Fact]
    public void Several_headers_are_one_and_none_takes_everything()
    {
        Assert.Equal(AcceptedTypes.Of($"{Index},{Image}"), AcceptedTypes.Of(new StringValues([Image, Index])));
        var none = AcceptedTypes.Of(StringValues.Empty);
        Assert.Equal(new AcceptedTypes(ManifestTypes.Unsaid, false), none);
        Assert.True(none.Takes(Image));
        Assert.Equal("", none.ToUpstream(StringValues.Empty));
    }

    [Fact]
    public void Preferences_among_known_types_are_nobodys_others()
    {
        StringValues accept = $"b/b;q=0.5, {Index};q=0.1, a/a, {Image};q=0.9, c/c;q=0";
        var accepted = AcceptedTypes.Of(accept);
        Assert.Equal($"{Image}, {Index}, a/a, b/b;q=0.5", accepted.ToUpstream(accept));
        Assert.True(accepted.Takes(Index));
        Assert.False(accepted.Takes("a/a"));
    }
}
