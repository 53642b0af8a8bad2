using System.Text.RegularExpressions;
using CsCheck;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed partial class NameTests
{
    private static readonly Gen<string> NameLike =
        Gen.OneOfConst("a", "0", "b9", ".", "_", "__", "-", "--", "/", "A", "é", "..", "%", "").Array[0, 12].Select(string.Concat);

    [Fact]
    public void Repository_names_are_those_of_the_specification() => NameLike.Sample(
        text => RepositoryName.TryParse(text, out _) == (SpecName().IsMatch(text) && text.Length <= 255), iter: 50_000);

    [Fact]
    public void Tags_are_those_of_the_specification() => NameLike.Sample(
        text => Tag.TryParse(text, out _) == SpecTag().IsMatch(text), iter: 20_000);

    [Fact]
    public void Lengths_are_bounded()
    {
        Assert.True(RepositoryName.TryParse(new string('a', 255), out _));
        Assert.False(RepositoryName.TryParse(new string('a', 256), out _));
        Assert.True(Tag.TryParse(new string('a', 128), out _));
        Assert.False(Tag.TryParse(new string('a', 129), out _));
    }

    [Theory]
    [InlineData("sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c", true)]
    [InlineData("sha256:C5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c", false)]
    [InlineData("sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003", false)]
    [InlineData("sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c\n", false)]
    [InlineData("sha512:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c", false)]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e", false)]
    [InlineData("sha256:../../etc/passwd", false)]
    [InlineData("sha256+b64u:x", false)]
    [InlineData("", false)]
    public void Digests_are_sha256_or_sha512_in_lower_case_hex(string text, bool valid) =>
        Assert.Equal(valid, Digest.TryParse(text, out _));

    [Fact]
    public void A_long_digest_is_sha512() => Assert.Equal("sha512", Digest.Parse("sha512:" + new string('a', 128)).Algorithm);

    [Theory]
    [InlineData("team-a/app", "team-a", "app")]
    [InlineData("team-a/app", "", "team-a/app")]
    [InlineData("team-a-evil/app", "team-a", null)]
    [InlineData("team-a", "team-a", null)]
    [InlineData("a/b/c", "a/b", "c")]
    public void Below_counts_whole_components(string name, string prefix, string? rest) =>
        Assert.Equal(rest, RepositoryName.Parse(name).Below(prefix));

    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex SpecName();

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z")]
    private static partial Regex SpecTag();
}
