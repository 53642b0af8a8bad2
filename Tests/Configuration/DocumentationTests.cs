using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Configuration;

/// <summary>docs/configuration.md knows every key that the readers know.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_key_is_documented()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var document = File.ReadAllText(Path.Combine(root, "docs", "configuration.md"));
        var keys = Directory.EnumerateFiles(Path.Combine(root, "Configuration"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/")).SelectMany(file => Key().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(keys.Count > 40, $"{keys.Count}");
        Assert.All(keys, key => Assert.Matches($@"\b{key}\b", document));
    }

    [GeneratedRegex(@"\bmap\[""(\w+)""\]")]
    private static partial Regex Key();
}
