using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed class PatternTests
{
    private static readonly Gen<string> Component = Gen.OneOfConst("a", "b", "ab", "ba", "aab");
    private static readonly Gen<string> Names = Component.Array[1, 7].Select(parts => string.Join('/', parts));
    private static readonly Gen<string> Patterns =
        Gen.OneOfConst("a", "b", "*", "**", "**", "a*", "*b", "*a*", "ab").Array[1, 7].Select(parts => string.Join('/', parts));

    [Fact]
    public void Patterns_match_what_a_regular_expression_of_them_matches() => Gen.Select(Patterns, Names).Sample(
        (pattern, name) => RepositoryPattern.Parse(pattern).Matches(RepositoryName.Parse(name)) == Oracle(pattern, name), iter: 50_000);

    [Fact]
    public void A_hostile_name_costs_no_more_than_pattern_times_name()
    {
        var name = RepositoryName.Parse(string.Join('/', Enumerable.Repeat("a", 127)));
        string[] patterns =
        [
            .. Enumerable.Range(1, 40).Select(stars => string.Join('/', Enumerable.Repeat("**/a", stars).Append("**").Append("z"))),
            string.Join('/', Enumerable.Repeat("*a*", 60).Append("z")), "**/" + string.Concat(Enumerable.Repeat("*a", 100)) + "*z",
        ];
        foreach (var pattern in patterns)
        {
            Assert.False(RepositoryPattern.Parse(pattern).Matches(name));
            Assert.True(Fastest(() => RepositoryPattern.Parse(pattern).Matches(name)) < TimeSpan.FromMilliseconds(1), pattern);
        }

        var (glob, text) = (string.Concat(Enumerable.Repeat("*a", 100)) + "*b", new string('a', 4096));
        Assert.True(Fastest(() => Glob.Matches(glob, text)) < TimeSpan.FromMilliseconds(5), glob);
    }

    [Fact]
    public void Globs_match_what_a_slow_reading_of_them_matches() => Gen.Select(
        Gen.Char["ab*"].Array[0, 8], Gen.Char["ab"].Array[0, 8]).Sample(
        (pattern, text) => Glob.Matches(pattern, text) == Slow(pattern, text), iter: 50_000);

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

    /// <summary>Of a few runs, since others use the machine, too.</summary>
    private static TimeSpan Fastest(Func<bool> run) => Enumerable.Range(0, 5).Min(_ =>
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        run();
        return System.Diagnostics.Stopwatch.GetElapsedTime(began);
    });

    private static bool Slow(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text) =>
        pattern.IsEmpty ? text.IsEmpty
        : pattern[0] == '*' ? Slow(pattern[1..], text) || (!text.IsEmpty && Slow(pattern, text[1..]))
        : !text.IsEmpty && text[0] == pattern[0] && Slow(pattern[1..], text[1..]);

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
