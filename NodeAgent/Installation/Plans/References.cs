using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>Lines by which kubelet, containerd or docker would still ask for something of this program.</summary>
internal static class References
{
    /// <summary>Where podman, skopeo and buildah of root look.</summary>
    private const string Containers = "/root/.config/containers/auth.json";

    /// <summary>The lines that name a target once a node is as desired: the program must not go before them.</summary>
    public static IReadOnlyList<string> To(TargetRecord target, HostFiles host, KubeletView kubelet, NodeRecord desired)
    {
        var edits = desired.Places.SelectMany(
            place => place.Edits.Concat(place.Cleared)).Where(edit => edit.Target == target.Name).ToList();
        string[] words =
        [
            .. new[] { target.Endpoint }.Concat(
                edits.OfType<KubeletEndpoint>().Select(edit => edit.Endpoint)).OfType<string>().Select(UnixEndpoint.PathOf),
            .. edits.OfType<KubeletFlag>().Select(flag => UnixEndpoint.PathOf(flag.Value)),
            .. edits.OfType<Providers>().Select(_ => $"{ProviderEntry.NamePrefix}credential-provider"),
        ];
        return
        [
            .. words.Distinct().SelectMany(word => Lines(word, host, kubelet.Files, desired))
                .Concat(desired.Places.SelectMany(place => place.Cleared.Where(edit => edit.Target == target.Name)
                    .SelectMany(edit => Beside(edit, place.Path, host, desired)))).Distinct(),
        ];
    }

    /// <summary>Lines of containerd and of docker, in files that this program may never have written.</summary>
    private static IEnumerable<string> Beside(Edit edit, string path, HostFiles host, NodeRecord desired) => edit switch
    {
        MirrorHost { Secret.Length: > 0 } mirror => Lines(
            $"\"{HttpOrigin.Of(mirror.Mirror).Serialized}", host,
            host.Walk(Path.GetDirectoryName(Path.GetDirectoryName(path)!)!, ".toml"), desired),
        DockerHelpers => Lines($"\"{DockerConfigText.Name}\"", host, [path, Containers], desired),
        _ => [],
    };

    /// <summary>The lines that name a word, comments apart.</summary>
    public static IEnumerable<string> Lines(string word, HostFiles host, IEnumerable<string> files, NodeRecord desired)
    {
        foreach (var path in files.Distinct())
        {
            var bytes = desired.Places.FirstOrDefault(place => host.AreOne(place.Path, path)) is { } place ? place.After
                : host.IsFolder(path) ? null
                : host.Bytes(path);
            foreach (var (line, index) in (bytes is null ? "" : FileText.Of(bytes).Text).Split('\n')
                .Select((line, index) => (line.Trim(), index)))
            {
                if (line.Contains(word, StringComparison.Ordinal) && line[0] is not ('#' or ';'))
                {
                    yield return $"{path}, line {index + 1}: {line}";
                }
            }
        }
    }

    /// <summary>Files of others in which nothing would be left that kubelet takes.</summary>
    public static IEnumerable<string> Emptied(NodeRecord desired) => desired.Places
        .Where(place => place is { Edits.Count: 0, After: { } after } && place.Cleared.OfType<Providers>().Any()
            && ProviderConfigText.IsEmpty(FileText.Of(after).Text, place.Path))
        .Select(place => $"{place.Path} would have no provider left, and kubelet does not start with none: put another one in, or take "
            + $"{KubeletView.ProviderConfigFlag} away from kubelet");
}
