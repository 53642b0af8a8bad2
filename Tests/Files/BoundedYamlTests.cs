using System.Diagnostics;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Tests.Files;

public sealed class BoundedYamlTests
{
    private const int Length = 1024 * 1024;

    /// <summary>A third of a second is what the slowest takes of a processor; what is not linear takes minutes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Texts of a mebibyte of which each once took a parser down, or may: by depth, by look-ahead, by number.</summary>
    public static TheoryData<string, string> Hostile => new()
    {
        { "? ", "" }, { "- ", "" }, { "[", "" }, { "{", "" }, { "[{", "" }, { "{a: ", "" }, { "{? ", "" }, { "[a, ", "" }, { "a: ", "" },
        { ": ", "" }, { "{a: [", "" },
        { "]", "" }, { "\n", "" }, { "\r", "" }, { " ", "" }, { "\t", "" }, { "#\n", "" }, { "# a", "" }, { "---\n", "" }, { "...\n", "" },
        { "%YAML 1.2\n", "" }, { "%TAG !a! b\n", "" },
        { "&a ", "" }, { "*a\n", "" }, { "- &a x\n", "" }, { "- *a\n", "- &a x\n" }, { "! ", "" }, { "!!str ", "" }, { "!<", "" }, { "'",
            "" }, { "\"", "" }, { "''", "'" }, { "\\", "\"" },
        { "\\U0001F600", "\"" }, { "\\\n ", "\"" }, { "a", "" }, { "a\n", "" }, { "a\n\n", "x: " }, { "\n\n", "x: |\n" }, { " a\n",
            "x: |\n" }, { " a\n\n", "x: >\n" }, { "a, ", "x: [" },
        { "a: b, ", "x: {" }, { "? a\n", "" }, { "- a\n", "" }, { "-\n", "" }, { "- - a\n", "" }, { "a: b\n", "" }, { "a?", "" }, { "a:",
            "" }, { "a #", "" }, { "a, ", "" }, { "\u0085", "" }, { "\u2028", "" }, { "\uFEFF", "" },
        { "é", "x: " }, { "𝄞", "x: " }, { "|", "" }, { ">-", "" }, { "@", "" }, { "`", "" }, { "<<: ", "" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_mebibyte_is_told_in_time(string piece, string start)
    {
        var text = start + string.Concat(Enumerable.Repeat(piece, (Length - start.Length) / piece.Length));
        var began = Stopwatch.GetTimestamp();
        var result = ConfigurationFile.Parse(text, "/hostile.yaml");
        var elapsed = Stopwatch.GetElapsedTime(began);
        Assert.Null(result.Snapshot);
        Assert.InRange(result.Errors.Count, 1, 101);
        Assert.All(result.Errors, error => Assert.InRange(error.ToString().Length, 1, 2100));
        TestContext.Current.TestOutputHelper?.WriteLine($"{elapsed.TotalMilliseconds:F0} ms: {result.Errors[0]}");
        Assert.True(elapsed < Limit, $"{elapsed}");
    }

    [Fact]
    public void Keys_of_a_hostile_kind_are_bounded()
    {
        string[] texts =
        [
            .. new[] { "k{0}: v\n", "k{0}: {{ }}\n", "? k{0}\n", "\"k{0}\": [ ]\n" }
                .Select(line => string.Concat(
                    Enumerable.Range(0, Length / 16)
                        .Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, line, i)))),
            string.Concat(Enumerable.Range(0, 1400).Select(i => $"{new string(' ', i)}a:\n")),
            string.Concat(Enumerable.Range(0, 1400).Select(i => $"{new string(' ', i)}-\n")),
            $"{new string('k', Length - 10)}: v\n",
            $"\"{new string('k', Length - 10)}\": v\n",
        ];
        foreach (var text in texts)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.NotEmpty(ConfigurationFile.Parse(text, "/hostile.yaml").Errors);
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, text[..20]);
        }
    }

    [Theory]
    [InlineData("a: [b", 1, "not valid YAML")]
    [InlineData("a: 1\ngroups: { dev: [alice, bob]\nb: 2\n", 3, "not valid YAML")]
    [InlineData("a: 1\n? [b]\n: 2", 2, "a key must be a single value")]
    [InlineData("a: 1\n{ b: 1 }: 2", 2, "a key must be a single value")]
    [InlineData("a: 1\n\"\": 2", 2, "a key must be a single value")]
    [InlineData("a: 1\nb: \0\nc: 3", 2, "U+0000")]
    [InlineData("a: 1\nb: \"\\0\"", 2, "U+0000")]
    [InlineData("a: 1\nb: \"\\uD800\"", 2, "not valid YAML")]
    [InlineData("a: 1\nb: 2\n---\nc: 3", 3, "more than one document")]
    public void What_is_wrong_is_told_with_its_line(string text, int line, string saying)
    {
        Assert.Null(BoundedYaml.Read(text, out var problem));
        Assert.Contains(saying, problem.Message);
        Assert.Equal(line, problem.Line);
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        Assert.Null(BoundedYaml.Read("a: 1\nb: \uD800", out var problem));
        Assert.Equal(2, problem.Line);
        Assert.NotNull(BoundedYaml.Read("a: 𝄞", out _));
    }

    [Fact]
    public void Thirty_two_levels_are_enough_and_more_are_refused()
    {
        Assert.NotNull(BoundedYaml.Read(new string('[', BoundedYaml.MaxDepth) + new string(']', BoundedYaml.MaxDepth), out _));
        Assert.Null(BoundedYaml.Read(
            new string('[', BoundedYaml.MaxDepth + 1) + new string(']', BoundedYaml.MaxDepth + 1), out var problem));
        Assert.Contains("nested deeper", problem.Message);
    }
}
