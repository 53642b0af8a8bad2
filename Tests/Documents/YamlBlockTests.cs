using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Tests.Documents;

/// <summary>
/// Every block of YAML in the documents is what its fence says: nothing for a configuration, or sections of one, that <c>check</c> takes,
/// <c>part</c> for a file that such a configuration includes, <c>nodeagent</c> for settings of the agent, <c>values</c> for the chart,
/// <c>manifest</c>, <c>github</c>, <c>gitlab</c> and <c>compose</c> for files of others.
/// </summary>
public sealed class YamlBlockTests
{
    /// <summary>What a configuration needs beside the section that a page is about.</summary>
    private const string Tenants = "tenants: { sample: { hosts: [sample.example], publicUrl: \"https://sample.example\", " +
        "routes: [ { prefix: \"\", upstream: NAME } ] } }\n";

    private static readonly string[] OfOthers = ["manifest", "github", "gitlab", "compose"];

    public static TheoryData<string> Configurations => DocumentBlock.Places("yaml");

    public static TheoryData<string> AgentSettings => DocumentBlock.Places("yaml", "nodeagent");

    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_configuration_is_taken_as_it_stands(string place)
    {
        using var folder = new TemporaryFolder();
        var block = DocumentBlock.At(place);
        var text = NamedFiles.Provide(folder, Completed(block.Text));
        foreach (var part in DocumentBlock.All.Where(other => other.Page == block.Page && other.Kind == "part"
            && Includes(block, other)))
        {
            var path = folder.File(PathOf(part));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, NamedFiles.Provide(folder, part.Text, Regex.Match(block.Text, @"secrets: (\S+)").Groups[1].Value));
        }

        var result = ConfigurationFile.Read(folder.Write("config.yaml", text));
        Assert.True(!result.AllErrors.Any(), $"{place}: {string.Join('\n', result.AllErrors)}");
    }

    [Theory]
    [MemberData(nameof(AgentSettings))]
    public void Settings_of_the_agent_are_taken_as_they_stand(string place)
    {
        using var folder = new TemporaryFolder();
        var settings = folder.Write("nodeagent.yaml", NamedFiles.Provide(folder, DocumentBlock.At(place).Text));
        Assert.Empty(SettingsFile.Read(settings).Errors.Select(error => $"{place}: {error}"));
    }

    [Fact]
    public void Parts_are_included_by_a_configuration_of_their_page()
    {
        var parts = DocumentBlock.All.Where(block => block.Kind == "part").ToList();
        Assert.NotEmpty(parts);
        Assert.All(parts, part => Assert.Contains(
            DocumentBlock.All, block => block.Page == part.Page && block is { Language: "yaml", Kind: "" } && Includes(block, part)));
    }

    [Fact]
    public void Files_of_others_are_yaml_and_json()
    {
        foreach (var block in DocumentBlock.All.Where(block => block.Language == "yaml" && OfOthers.Contains(block.Kind)))
        {
            var fault = Record.Exception(() => new YamlStream().Load(new StringReader(block.Text)));
            Assert.True(fault is null, $"{block.Place}: {fault?.Message}");
        }

        Assert.All(DocumentBlock.All.Where(block => block.Language == "json"), block => JsonDocument.Parse(block.Text).Dispose());
    }

    [Fact]
    public void Every_kind_of_yaml_is_known()
    {
        string[] known = ["", "part", "nodeagent", "values", .. OfOthers];
        Assert.Empty(DocumentBlock.All.Where(block => block.Language == "yaml" && !known.Contains(block.Kind))
            .Select(block => block.Place));
    }

    private static string Completed(string text)
    {
        var upstream = Regex.Match(text, @"^upstreams:\s+(?:\{ )?([\w-]+):", RegexOptions.Multiline).Groups[1].Value;
        return text + (upstream.Length > 0 ? "" : "upstreams: { sample: { url: \"https://registry.example\" } }\n")
            + (Regex.IsMatch(text, "^(tenants|include):", RegexOptions.Multiline)
                ? "" : Tenants.Replace("NAME", upstream.Length > 0 ? upstream : "sample"));
    }

    /// <summary>The first line of a part is a comment with its path.</summary>
    private static string PathOf(DocumentBlock part) => part.Text.Split('\n')[0].TrimStart('#', ' ');

    private static bool Includes(DocumentBlock configuration, DocumentBlock part) =>
        configuration.Text.Contains(PathOf(part)) || configuration.Text.Contains($"{Path.GetDirectoryName(PathOf(part))}/*.yaml");
}
