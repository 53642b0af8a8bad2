using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// The sections of a configuration that a whole cluster has in common. The others (listeners, cluster, state …) are of the host and may
/// differ.
/// </summary>
/// <param name="Text">The sections, in YAML; they may hold secrets.</param>
/// <param name="Content">Names what they say, with the parts: comments, spaces and the order of sections make no difference, the revision
/// neither.</param>
/// <param name="Parts">The texts of included files and of tenants that are in use, by name.</param>
public sealed record SharedSections(Secret Text, string Content, IReadOnlyList<PartText> Parts)
{
    private const string Revision = "revision";

    private static readonly string[] Keys = [Revision, "include", "tokens", "egress", "upstreams", "authenticators", "tenants"];

    /// <summary>Takes the shared sections out of a good configuration.</summary>
    public static SharedSections Of(ConfigurationSnapshot configuration)
    {
        var sections = Root(configuration.Text!.Reveal()).Children.Where(IsShared).OrderBy(Name, StringComparer.Ordinal).ToList();
        var main = Hash(Write(sections.Where(section => Name(section) != Revision)));
        return new SharedSections(new Secret(Write(sections)), main, [])
        {
            Main = main, IsNumbered = sections.Exists(section => Name(section) == Revision),
        }.With(configuration.Parts);
    }

    /// <summary>Whether they are of a file that says its <c>revision</c> itself.</summary>
    public bool IsNumbered { get; private init; }

    /// <summary>The same under a revision, whatever the file says of it.</summary>
    /// <exception cref="FormatException">The text is not a map in YAML.</exception>
    public SharedSections Numbered(long revision) => this with
    {
        Text = new Secret(Write(Root(Text.Reveal()).Children.Where(section => Name(section) != Revision).Prepend(
            new(new YamlScalarNode(Revision), new YamlScalarNode(revision.ToString(CultureInfo.InvariantCulture)))))),
        IsNumbered = true,
    };

    /// <summary>What names the sections alone.</summary>
    private string Main { get; init; } = "";

    /// <summary>Whether the main files say the same, whatever the parts do.</summary>
    public bool IsOfSameMain(SharedSections other) => Text == other.Text || Named(Text) == Named(other.Text);

    /// <summary>The same with other parts. What is kept in the state belongs to no revision.</summary>
    public SharedSections With(IReadOnlyList<PartText> parts)
    {
        var files = parts.Any(part => PartText.IsManaged(part.Name)) ? [.. parts.Where(part => !PartText.IsManaged(part.Name))] : parts;
        return this with
        {
            Parts = files,
            Content = files.Count == 0 ? Main
                : Hash(string.Join('\n', files.Select(part => $"{part.Name} {part.Hash}").Prepend(Main))),
        };
    }

    /// <summary>The file of a host with the shared sections of its cluster in the place of its own.</summary>
    /// <exception cref="FormatException">The sections of the cluster are not a map in YAML.</exception>
    public static string Merge(Secret file, Secret shared) =>
        Write(Root(file.Reveal()).Children.Where(section => !IsShared(section)).Concat(Root(shared.Reveal()).Children));

    private static string Named(Secret text) => Hash(Write(Root(text.Reveal()).Children.Where(section => Name(section) != Revision)));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    private static bool IsShared(KeyValuePair<YamlNode, YamlNode> section) => Keys.Contains(Name(section));

    private static string Name(KeyValuePair<YamlNode, YamlNode> section) => (section.Key as YamlScalarNode)?.Value ?? "";

    private static YamlMappingNode Root(string text) => BoundedYaml.Read(text, out var problem) as YamlMappingNode
        ?? throw new FormatException($"line {problem.Line}: {problem.Message ?? "must be a map of keys and values"}");

    private static string Write(IEnumerable<KeyValuePair<YamlNode, YamlNode>> sections)
    {
        using var writer = new StringWriter();
        new YamlStream(new YamlDocument(new YamlMappingNode(sections))).Save(writer, assignAnchors: false);
        return writer.ToString();
    }
}
