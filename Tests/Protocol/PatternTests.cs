using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed class PatternTests
{
    private static readonly Gen<string> Component = Gen.OneOfConst("a", "b", "ab", "ba", "aab");
    private static readonly Gen<string> Names = Component.Array[1, 5].Select(parts => string.Join('/', parts));
    private static readonly Gen<string> Patterns =
        Gen.OneOfConst("a", "b", "*", "**", "a*", "*b", "*a*", "ab").Array[1, 5].Select(parts => string.Join('/', parts));

    [Fact]
    public void Patterns_match_what_a_regular_expression_of_them_matches() => Gen.Select(Patterns, Names).Sample(
        (pattern, name) => RepositoryPattern.Parse(pattern).Matches(RepositoryName.Parse(name)) == Oracle(pattern, name), iter: 50_000);

    [Theory]
    [InlineData("**", "a", true)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("team-a/**", "team-a/x", true)]
    [InlineData("team-a/**", "team-a/x/y", true)]
    [InlineData("team-a/**", "team-a", true)]
    [InlineData("team-a/**", "team-a-evil/x", false)]
    [InlineData("team-a/*", "team-a/x", true)]
    [InlineData("team-a/*", "team-a/x/y", false)]
    [InlineData("*/base", "a/base", true)]
    [InlineData("*/base", "base", false)]
    [InlineData("**/base", "base", true)]
    [InlineData("**/base", "a/b/base", true)]
    public void Patterns_stand_for_whole_components(string pattern, string name, bool matches) =>
        Assert.Equal(matches, RepositoryPattern.Parse(pattern).Matches(RepositoryName.Parse(name)));

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a**")]
    [InlineData("A")]
    [InlineData("a b")]
    public void Patterns_that_could_not_be_meant_are_refused(string pattern) => Assert.False(RepositoryPattern.TryParse(pattern, out _));

    /// <summary>The same pattern as a regular expression, each component with the slash before it.</summary>
    private static bool Oracle(string pattern, string name)
    {
        var text = new StringBuilder();
        foreach (var component in pattern.Split('/'))
        {
            text.Append(component == "**" ? "(/[^/]+)*" : "/" + component.Replace("*", "[^/]*"));
        }

        return Regex.IsMatch("/" + name, $"^{text}$");
    }
}
