using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Requests;
using Tomlyn.Syntax;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What containerd's configuration, and what that imports, says of registries.</summary>
internal sealed class ContainerdConfig
{
    private const string Main = "/etc/containerd/config.toml";
    private const string Usual = "/etc/containerd/certs.d";

    private readonly IReadOnlyList<(string Path, ValueSyntax? Value)> _settings;

    private ContainerdConfig(HostFiles host) =>
        _settings = [.. Files(host).SelectMany(file => Settings(HostsToml.Parse(host.Read(file)!, file)))];

    /// <summary>The folders where containerd looks for a registry, in its order.</summary>
    /// <exception cref="InstallRefusal">It looks nowhere.</exception>
    public string[] Folders => _settings.Where(setting => Says(setting.Path, "config_path") && Names(setting.Path, "registry"))
        .Select(setting => (setting.Value as StringValueSyntax)?.Value).LastOrDefault(value => value is { Length: > 0 })
            ?.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(HostPath.Tidy).ToArray()
        ?? throw new InstallRefusal(
            $"{Main} sets no config_path, so containerd would not read {Usual}; add it under the registry of the CRI plug-in, "
                + $"config_path = \"{Usual}\", and restart containerd" + (_settings.Any(setting => Names(setting.Path, "registry.mirrors"))
                    ? ". Move its registry.mirrors and registry.configs into hosts.toml first: containerd does not start with both"
                    : ""));

    /// <summary>
    /// Pulls by the transfer service, which containerd 2.1 and later use unless they are told not to, take a list of folders for the name
    /// of one (containerd, issues 12415 and 12808).
    /// </summary>
    public bool MayNotReadLists => _settings.Any(
            setting => Says(setting.Path, "version") && setting.Value is IntegerValueSyntax { Value: > 2 })
        && !_settings.Any(setting => setting.Value is BooleanValueSyntax { Value: true }
            && (Says(setting.Path, "use_local_image_pull") || Says(setting.Path, "discard_unpacked_layers")));

    public static ContainerdConfig Read(HostFiles host) => new(host);

    private static bool Says(string path, string key) => path == key || path.EndsWith($".{key}", StringComparison.Ordinal);

    private static bool Names(string path, string part) => path.Contains($".{part}.", StringComparison.Ordinal);

    private static IEnumerable<string> Files(HostFiles host)
    {
        if (host.Read(Main) is not { } text)
        {
            yield break;
        }

        yield return Main;
        var imports = HostsToml.Parse(text, Main).KeyValues.FirstOrDefault(
            pair => HostsToml.Name(pair.Key) == "imports")?.Value as ArraySyntax;
        foreach (var pattern in imports?.Items.Select(item => (item.Value as StringValueSyntax)?.Value).OfType<string>() ?? [])
        {
            var whole = Path.GetFullPath(pattern, Path.GetDirectoryName(Main)!);
            foreach (var file in host.List(Path.GetDirectoryName(whole)!, Path.GetFileName(whole)))
            {
                yield return file;
            }
        }
    }

    /// <summary>Every setting by the parts of its name, whichever way it is written.</summary>
    private static IEnumerable<(string, ValueSyntax?)> Settings(DocumentSyntax file) => file.KeyValues.SelectMany(pair => Of("", pair))
        .Concat(file.Tables.SelectMany(table => table.Items.SelectMany(pair => Of($".{PathOf(table.Name)}", pair))));

    private static IEnumerable<(string, ValueSyntax?)> Of(string table, KeyValueSyntax pair) => pair.Value is InlineTableSyntax inline
        ? inline.Items.Select(item => item.KeyValue).OfType<KeyValueSyntax>().SelectMany(item => Of($"{table}.{PathOf(pair.Key)}", item))
        : [($"{table}.{PathOf(pair.Key)}", pair.Value)];

    private static string PathOf(KeySyntax? key) => key?.Key is not { } first ? ""
        : string.Join('.', key.DotKeys.Select(part => HostsToml.Name(part.Key)).Prepend(HostsToml.Name(first)));
}
