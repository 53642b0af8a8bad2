using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

/// <summary>The type of a manifest is what its label says, and where that says nothing, what the manifest says itself.</summary>
public sealed class ManifestLabelTests
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Docker = "application/vnd.docker.distribution.manifest.v2+json";

    [Theory]
    [InlineData("")]
    [InlineData("application/json")]
    [InlineData("Application/JSON; charset=utf-8")]
    [InlineData("application/octet-stream")]
    [InlineData("binary/octet-stream")]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData("OCI manifest")]
    [InlineData("application/")]
    [InlineData("a/b/c")]
    public void A_label_that_says_nothing_gives_way_to_the_manifest(string label)
    {
        Assert.True(ManifestLabel.IsVague(label));
        Assert.Equal(Docker, Of(label, $$"""{"schemaVersion":2,"mediaType":"{{Docker}}","config":{"mediaType":"x/y"},"layers":[]}"""));
        Assert.Equal(Image, Of(label, """{"schemaVersion":2,"config":{"mediaType":"x/y"},"layers":[{"mediaType":"x/z"}]}"""));
        Assert.Equal(Index, Of(label, """{"schemaVersion":2,"manifests":[{"mediaType":"x/y","layers":[]}]}"""));
        Assert.Equal("application/vnd.acme.thing.v1+json", Of(label, """{"mediaType":"application/vnd.acme.thing.v1+json","blobs":[]}"""));
    }

    [Theory]
    [InlineData(Docker)]
    [InlineData("APPLICATION/vnd.oci.image.index.v1+json; charset=utf-8")]
    [InlineData("application/vnd.acme.thing.v1+json")]
    public void A_label_that_says_something_stays(string label)
    {
        Assert.False(ManifestLabel.IsVague(label));
        Assert.Equal(MediaType.EssenceOf(label), Of(label, $$"""{"mediaType":"{{Image}}","layers":[]}"""));
    }

    /// <summary>What two readers could take for two things has no type of its own (CVE-2021-41190).</summary>
    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"schemaVersion":2}""")]
    [InlineData("""{"manifests":[],"layers":[]}""")]
    [InlineData("""{"mediaType":"x/y","mediaType":"x/z","layers":[]}""")]
    [InlineData("""{"mediaType":7,"layers":[]}""")]
    [InlineData("""{"mediaType":"text/html","layers":[]}""")]
    [InlineData("""{"mediaType":"X/Y","layers":[]}""")]
    [InlineData("""{"mediaType":"x/y\r\nA: b","layers":[]}""")]
    [InlineData("""{"schemaVersion":1,"fsLayers":[]}""")]
    [InlineData("""{"layers":[]} {"manifests":[]}""")]
    [InlineData("""{"layers":[""")]
    [InlineData("""{"mediaType":"\ud800","layers":[]}""")]
    [InlineData("""{"\ud800":1,"layers":[]}""")]
    public void What_does_not_say_one_thing_keeps_its_label(string manifest)
    {
        Assert.Equal("application/octet-stream", Of("application/octet-stream", manifest));
        Assert.Equal("", Of("", manifest));
    }

    private static string Of(string label, string manifest) => ManifestLabel.Of(label, Encoding.UTF8.GetBytes(manifest));
}
