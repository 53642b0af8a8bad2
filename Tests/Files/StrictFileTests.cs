using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Files;

/// <summary>The configuration of hosts and the settings of a node's agent are read by the same rules.</summary>
public sealed class StrictFileTests
{
    [Theory]
    [InlineData("a: &x 1\nb: *x\n", 1, "anchors and aliases are not allowed")]
    [InlineData("a: 1\nb: *x\n", 2, "anchors and aliases are not allowed")]
    [InlineData("a: 1\n<<: &x { b: 1 }\n", 2, "anchors and aliases are not allowed")]
    [InlineData("listen: !!str unix:///run/x.sock\n", 1, "tags are not allowed")]
    [InlineData("a: 1\nb: !include other.yaml\n", 2, "tags are not allowed")]
    [InlineData("listen: a\nlisten: b\n", 2, "not valid YAML: Duplicate key")]
    [InlineData("a: 1\nb: { c: 1, c: 2 }\n", 2, "not valid YAML: Duplicate key")]
    [InlineData("a: 1\n---\nb: 1\n", 2, "more than one document")]
    [InlineData("a: 1\n? [b]\n: 2\n", 2, "a key must be a single value")]
    [InlineData("a: 1\nb: [\n", 3, "not valid YAML")]
    [InlineData("a: 1\nb: \0\n", 2, "U+0000")]
    [InlineData("- a\n", 1, "the file must hold one map of settings")]
    [InlineData("", 1, "the file is empty")]
    [InlineData("\nnonsense: 1\n", 2, "nonsense: unknown key; allowed here: ")]
    public void Both_refuse_it_with_its_line(string text, int line, string saying) => Refused(text, line, saying);

    [Fact]
    public void Both_refuse_what_is_nested_deeply() => Refused($"a: 1\nb: {new string('[', 10_000)}\n", 2, "nested deeper than 32 levels");

    [Fact]
    public void Both_refuse_what_has_many_values() =>
        Refused($"a: 1\nb: [{string.Concat(Enumerable.Repeat("1,", 200_000))}]\n", 2, "has more than 200000 values");

    [Fact]
    public void Both_refuse_a_file_that_is_large()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("large.yaml", $"# {new string('x', BoundedFile.MaxBytes)}\n");
        Assert.All(
            [Assert.Single(ConfigurationFile.Read(path).Errors).ToString(), Assert.Single(SettingsFile.Read(path).Errors)],
            error => Assert.StartsWith($"{path}:1: {path} ", error));
    }

    [Fact]
    public void Both_tell_a_hundred_errors_and_that_there_are_more()
    {
        var text = string.Concat(Enumerable.Range(0, 150).Select(i => $"k{i}: 1\n"));
        Assert.Equal(101, ConfigurationFile.Parse(text, "x.yaml").Errors.Count);
        Assert.Equal(101, SettingsFile.Parse(text, "x.yaml").Errors.Count);
    }

    private static void Refused(string text, int line, string saying)
    {
        Assert.Contains(ConfigurationFile.Parse(text, "x.yaml").Errors, error => IsIt(error.ToString()));
        Assert.Contains(SettingsFile.Parse(text, "x.yaml").Errors, IsIt);

        bool IsIt(string error) => error.StartsWith($"x.yaml:{line}: ", StringComparison.Ordinal) && error.Contains(saying);
    }
}
