using System.Text;
using System.Text.Json;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Lists of referrers as upstreams have them, and what a pushed manifest adds to one.</summary>
public sealed class ReferrersIndexTests
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";

    private static readonly Digest One = Digest.Parse("sha256:" + new string('1', 64));
    private static readonly Digest Two = Digest.Parse("sha256:" + new string('2', 64));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"manifests":[]""")]
    [InlineData("""{"manifests":[]} {}""")]
    [InlineData("""{"manifests":{}}""")]
    [InlineData("""{"manifests":"x"}""")]
    [InlineData("""{"manifests":[null]}""")]
    [InlineData("""{"manifests":[[]]}""")]
    [InlineData("""{"manifests":[],"manifests":[]}""")]
    [InlineData("""{"schemaVersion":2,"config":{"digest":"x"},"layers":[]}""")]
    [InlineData("""{"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}""")]
    [InlineData("""{"mediaType":7,"manifests":[]}""")]
    public void What_is_no_list_is_not_read(string text) => Assert.Null(Parse(text));

    [Theory]
    [InlineData("""{"manifests":null}""", 0)]
    [InlineData("""{"manifests":[{}]}""", 1)]
    [InlineData("""{"manifests":[{"digest":7},{"digest":"\ud83d"},{"digest":["x",{}]}]}""", 3)]
    [InlineData("""{"manifests":[{"digest":"a"},{"digest":"b"},{"digest":"a","artifactType":"x"}]}""", 2)]
    public void What_is_odd_in_a_list_stays_in_it(string text, int count)
    {
        var index = Parse(text)!;
        Assert.Equal(count, index.Referrers.Count);
        Assert.Equal(count, Parse(Encoding.UTF8.GetString(index.ToBytes()))!.Referrers.Count);
    }

    [Fact]
    public void A_list_with_many_members_beside_its_manifests_is_none()
    {
        string Members(int count) => string.Concat(Enumerable.Range(0, count).Select(number => $"\"m{number}\":0,"));
        Assert.NotNull(Parse($"{{{Members(ReferrersIndex.MaxMembers)}\"manifests\":[]}}"));
        Assert.Null(Parse($"{{{Members(ReferrersIndex.MaxMembers + 1)}\"manifests\":[]}}"));
    }

    [Fact]
    public void Texts_that_are_not_UTF_8_make_no_list() =>
        Assert.Null(ReferrersIndex.TryParse(Encoding.Latin1.GetBytes("{\"manifests\":[],\"annotations\":{\"a\":\"\u00e9\"}}")));

    [Fact]
    public void A_list_that_is_too_long_is_not_read()
    {
        var most = string.Join(',', Enumerable.Repeat("{}", ReferrersIndex.MaxReferrers));
        Assert.Equal(ReferrersIndex.MaxReferrers, Parse($"{{\"manifests\":[{most}]}}")!.Referrers.Count);
        Assert.Null(Parse($"{{\"manifests\":[{most},{{}}]}}"));
    }

    [Fact]
    public void What_is_added_replaced_and_removed_leaves_the_rest_as_it_is()
    {
        const string Other = """{"mediaType":"m","digest":"sha256:x","size":1e0,"artifactType":"a","urls":[ "u" ]}""";
        var added = Parse("""{"schemaVersion":2,"manifests":[$],"annotations":{"k": "v"}}""".Replace("$", Other))!.With(
            Describe(One, "signature"));
        Assert.True(added.Lists(One));
        Assert.False(added.Lists(Two));
        var text = Encoding.UTF8.GetString(added.ToBytes());
        Assert.Contains(Other, text);
        Assert.Contains("""{"k": "v"}""", text);
        Assert.Equal(["a", "signature"], Parse(text)!.Referrers.Select(referrer => referrer.ArtifactType));
        var removed = Parse(text)!.Without(referrer => referrer.Digest == One.Value);
        Assert.Equal("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[""" + Other
            + """],"annotations":{"k": "v"}}""",
            Encoding.UTF8.GetString(removed.ToBytes()));
    }

    [Theory]
    [InlineData(Image, """{"artifactType":"a","config":{"mediaType":"c"},"subject":{"digest":"$"}}""", "a")]
    [InlineData(Image, """{"artifactType":"","config":{"mediaType":"c"},"subject":{"digest":"$"}}""", "c")]
    [InlineData(Image, """{"config":{"mediaType":"c","x":[{}]},"subject":{"x":{"digest":"y"},"digest":"$"}}""", "c")]
    [InlineData(ReferrersIndex.MediaType, """{"config":{"mediaType":"c"},"subject":{"digest":"$"}}""", null)]
    [InlineData("application/vnd.oci.artifact.manifest.v1+json", """{"artifactType":"a","subject":{"digest":"$"}}""", "a")]
    public void A_manifest_is_described_by_what_it_says(string mediaType, string text, string? type)
    {
        var manifest = ReferringManifest.TryParse(mediaType, Encoding.UTF8.GetBytes(text.Replace("$", Two.Value)))!;
        Assert.Equal((Two, type), (manifest.Subject, manifest.ArtifactType));
        Assert.Equal(type, Parse(
            $"{{\"manifests\":[{Encoding.UTF8.GetString(manifest.Describe(mediaType, One, 5).Descriptor.Span)}]}}")!.Referrers[0].ArtifactType);
    }

    [Theory]
    [InlineData(Image, """{"subject":{"digest":"sha256:1"}}""")]
    [InlineData(Image, """{"subject":"$"}""")]
    [InlineData(Image, """{"subject":null}""")]
    [InlineData(Image, """{"layers":[{"subject":{"digest":"$"}}]}""")]
    [InlineData(Image, """{"subject":{"digest":"$"}""")]
    [InlineData(Image, """[{"subject":{"digest":"$"}}]""")]
    [InlineData("application/vnd.docker.distribution.manifest.v2+json", """{"subject":{"digest":"$"}}""")]
    public void What_refers_to_nothing_is_no_referrer(string mediaType, string text) =>
        Assert.Null(ReferringManifest.TryParse(mediaType, Encoding.UTF8.GetBytes(text.Replace("$", Two.Value))));

    [Fact]
    public void Annotations_are_copied_as_they_are()
    {
        var manifest = ReferringManifest.TryParse(
            Image, Encoding.UTF8.GetBytes("""{"annotations":{"a":"\u00e9","b":"1"},"subject":{"digest":"$"}}""".Replace("$", Two.Value)))!;
        using var descriptor = JsonDocument.Parse(manifest.Describe(Image, One, 7).Descriptor);
        Assert.Equal(7, descriptor.RootElement.GetProperty("size").GetInt32());
        Assert.Equal(Image, descriptor.RootElement.GetProperty("mediaType").GetString());
        Assert.Equal("\u00e9", descriptor.RootElement.GetProperty("annotations").GetProperty("a").GetString());
        Assert.False(descriptor.RootElement.TryGetProperty("artifactType", out _));
    }

    [Fact]
    public void The_tag_is_that_of_the_specification()
    {
        Assert.Equal("sha256-" + new string('1', 64), ReferrersTag.Of(One).Value);
        Assert.Equal("sha512-" + new string('a', 64), ReferrersTag.Of(Digest.Parse("sha512:" + new string('a', 128))).Value);
    }

    private static ReferrersIndex? Parse(string text) => ReferrersIndex.TryParse(Encoding.UTF8.GetBytes(text));

    private static Referrer Describe(Digest digest, string type) => new ReferringManifest(Two, type, default).Describe(Image, digest, 3);
}
