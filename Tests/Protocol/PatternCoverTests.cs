using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

/// <summary>A pattern that covers another matches whatever the other does.</summary>
public sealed class PatternCoverTests
{
    private static readonly string[] Parts = ["a", "b", "ab", "*", "a*", "*b", "a*b", "**"];

    [Theory]
    [InlineData("**", "**", true)]
    [InlineData("**", "a/*/b", true)]
    [InlineData("a/**", "a", true)]
    [InlineData("a/**", "a/b/*", true)]
    [InlineData("a/*", "a/b*", true)]
    [InlineData("*", "a*b", true)]
    [InlineData("**/b", "a/**/b", true)]
    [InlineData("*", "**", false)]
    [InlineData("a/*", "a/**", false)]
    [InlineData("a/**", "**", false)]
    [InlineData("a/**", "b/**", false)]
    [InlineData("a*", "*a", false)]
    [InlineData("a/b", "a/*", false)]
    public void What_is_below_is_covered(string pattern, string other, bool covered) =>
        Assert.Equal(covered, RepositoryPattern.Parse(pattern).Covers(RepositoryPattern.Parse(other)));

    [Fact]
    public void Nothing_that_is_covered_leads_out()
    {
        var random = new Random(29);
        string[] components = ["a", "b", "ab", "aab", "c"];
        var names = components.Concat(components.SelectMany(one => components.SelectMany(
            two => components.Select(three => $"{one}/{two}/{three}").Append($"{one}/{two}")))).Select(RepositoryName.Parse).ToList();
        var covered = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var (pattern, other) = (Next(), Next());
            if (pattern.Covers(other))
            {
                covered++;
                Assert.All(names.Where(other.Matches), name => Assert.True(pattern.Matches(name), $"{pattern} {other} {name}"));
            }

            Assert.True(other.Covers(other));
        }

        Assert.InRange(covered, 1000, 19_000);

        RepositoryPattern Next() => RepositoryPattern.Parse(
            string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Parts[random.Next(Parts.Length)])));
    }
}
