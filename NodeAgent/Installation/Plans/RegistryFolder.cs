using System.Text.RegularExpressions;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// Where containerd looks for what it should know of a registry (containerd, docs/hosts.md). A new <c>hosts.toml</c> hides what counted
/// before it, certificates in the folder and the one of <c>_default</c>, so it says the same.
/// </summary>
internal static partial class RegistryFolder
{
    private const string Default = "_default";
    private const string Name = "hosts.toml";

    /// <summary>The file of a registry, and what a new one begins with.</summary>
    /// <exception cref="InstallRefusal">What counts now cannot be said in another folder.</exception>
    public static (string File, string Base) Of(HostFiles host, NodeRecord record, string[] folders, string registry)
    {
        bool IsThere(string folder) => host.IsFolder(folder) && !record.Folders.Any(made => host.AreOne(made, folder));
        string? Own(string folder) => Names(registry).Select(name => $"{folder}/{name}").FirstOrDefault(IsThere);
        var root = folders.FirstOrDefault(folder => Own(folder) is not null || host.IsFolder($"{folder}/{Default}")) ?? folders[0];
        var (own, general) = (Own(root) ?? $"{root}/{registry}", $"{root}/{Default}");
        var text = IsThere(own) || host.List(own, "*.c*rt").Any()
            ? HostsToml.File(registry, Authorities(host, own, ""), Pairs(host, own, ""))
            : host.Read($"{general}/{Name}") is { } others ? Moved(others, $"{general}/{Name}")
            : HostsToml.File(registry, Authorities(host, general, $"../{Default}/"), Pairs(host, general, $"../{Default}/"));
        return ($"{own}/{Name}", text);
    }

    /// <summary>A port may be written between low lines, which counts before the colon.</summary>
    private static string[] Names(string registry) =>
        registry.LastIndexOf(':') is > 0 and var at ? [$"{registry[..at]}_{registry[(at + 1)..]}_", registry] : [registry];

    private static IEnumerable<string> Authorities(HostFiles host, string folder, string lead) =>
        host.List(folder, "*.crt").Select(file => $"\"{lead}{Path.GetFileName(file)}\"");

    private static IEnumerable<string> Pairs(HostFiles host, string folder, string lead) => host.List(folder, "*.cert")
        .Select(file => (Cert: Path.GetFileName(file), Key: Path.ChangeExtension(Path.GetFileName(file), ".key")))
        .Where(pair => host.Exists($"{folder}/{pair.Key}")).Select(pair => $"[\"{lead}{pair.Cert}\", \"{lead}{pair.Key}\"]");

    private static string Moved(string text, string file)
    {
        var parsed = HostsToml.Parse(text, file);
        return parsed.KeyValues.Concat(parsed.Tables.SelectMany(table => table.Items))
            .Where(pair => HostsToml.Name(pair.Key) is "ca" or "client").All(pair => !Relative().IsMatch($"{pair.Value}"))
            ? text
            : throw new InstallRefusal(
                $"{file} counts for the registries of the mirror, and names certificates by relative paths: write them from / on, and "
                    + "install again");
    }

    [GeneratedRegex("""(^|[\[,\s])["'][^/"']""", RegexOptions.NonBacktracking)]
    private static partial Regex Relative();
}
