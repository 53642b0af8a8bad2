using System.Text;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>What a manifest says of its own type decides for whom it is kept, and an upstream may have written anything into it.</summary>
public sealed class ManifestMediaTypeTests
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{Image}}","layers":[]}""", Image)]
    [InlineData($$"""{"media\u0054ype":"{{Image}}"}""", Image)]
    [InlineData($$"""{"mediaType":"x/y","mediaType":"{{Index}}"}""", Index)]
    [InlineData($$"""{"layers":[{"mediaType":"{{Index}}","manifests":[]}]}""", Image)]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", Image)]
    [InlineData("""{"manifests":null}""", Index)]
    [InlineData("""{"schemaVersion":1.5,"manifests":[]}""", Index)]
    [InlineData("""{"schemaVersion":"1"}""", Image)]
    [InlineData("""{"\ud800":1,"mediaType":"x/y"}""", "x/y")]
    [InlineData(" {} ", Image)]
    public void It_is_of_the_type_that_it_says_or_has_the_shape_of(string manifest, string type)
    {
        Assert.True(ManifestMediaType.Declares(Bytes(manifest), type));
        foreach (var other in (string[])[Image, Index, Signed])
        {
            Assert.Equal(other == type, ManifestMediaType.IsOf(Bytes(manifest), other));
            Assert.Equal(other != type, ManifestMediaType.IsMislabelled(Bytes(manifest), other));
        }

        Assert.False(ManifestMediaType.IsMislabelled(Bytes(manifest), "x/z"));
    }

    [Theory]
    [InlineData("""{"mediaType":7}""")]
    [InlineData("""{"mediaType":null,"manifests":[]}""")]
    [InlineData("""{"mediaType":{"mediaType":"x/y"}}""")]
    [InlineData("""{"mediaType":"\ud800"}""")]
    [InlineData("""{"schemaVersion":1,"fsLayers":[]}""")]
    public void One_that_says_nothing_of_use_is_of_no_type(string manifest)
    {
        foreach (var type in (string[])[Image, Index, Signed, "x/y", ""])
        {
            Assert.False(ManifestMediaType.Declares(Bytes(manifest), type));
        }

        Assert.True(ManifestMediaType.IsMislabelled(Bytes(manifest), Image));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("""{"layers":[}""")]
    [InlineData("""{"layers":[]} {}""")]
    [InlineData("""{"layers":[]""")]
    public void What_is_no_object_is_no_manifest_of_any_name(string manifest)
    {
        Assert.False(ManifestMediaType.Declares(Bytes(manifest), Image));
        Assert.False(ManifestMediaType.IsMislabelled(Bytes(manifest), Image));
    }

    [Fact]
    public void One_of_two_million_values_takes_no_memory()
    {
        var manifest = Bytes($$"""{"mediaType":"{{Image}}","layers":[{{string.Join(',', Enumerable.Repeat("0", 2_000_000))}}]}""");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(ManifestMediaType.IsOf(manifest, Image));
            Assert.True(ManifestMediaType.IsMislabelled(manifest, Index));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static byte[] Bytes(string manifest) => Encoding.UTF8.GetBytes(manifest);
}
