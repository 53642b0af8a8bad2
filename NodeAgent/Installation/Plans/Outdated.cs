using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>Places of others that still name where the agent listened before: they are not this program's to change.</summary>
internal static class Outdated
{
    /// <summary>Where crictl is told which image service to ask, as people who look into a node do.</summary>
    private const string Crictl = "/etc/crictl.yaml";

    /// <summary>The lines that a change leaves without an answer.</summary>
    public static IEnumerable<string> Lines(HostFiles host, InstallContext context, NodeRecord desired) =>
    [
        .. Sockets(host, context.Record, desired, [.. context.Kubelet.Files, Crictl]),
        .. Mirrors(context.Record).Where(old => Mirrors(desired).All(now => now.Origin != old.Origin)).DistinctBy(old => old.Origin)
            .SelectMany(old => References.Lines($"\"{old.Origin}", host, host.Walk(old.Folder, ".toml"), desired)
                .Select(line => $"{line} still names the mirror of before")),
    ];

    /// <summary>The lines of people's own tools that a removal leaves without an answer; no reason to keep anything.</summary>
    public static IEnumerable<string> AfterRemoval(HostFiles host, NodeRecord record, NodeRecord desired) =>
        Sockets(host, record, desired, [Crictl]);

    private static IEnumerable<string> Sockets(HostFiles host, NodeRecord record, NodeRecord desired, IEnumerable<string> files) =>
        record.Target(InstallTarget.ImageService)?.Endpoint is { } old && old != desired.Target(InstallTarget.ImageService)?.Endpoint
            ? References.Lines(UnixEndpoint.PathOf(old), host, files, desired).Select(line => $"{line} still names the socket of before")
            : [];

    private static IEnumerable<(string Origin, string Folder)> Mirrors(NodeRecord record) => record.Places.SelectMany(
        place => place.Edits.OfType<MirrorHost>().Where(edit => edit.Secret.Length > 0).Select(
            edit => (HttpOrigin.Of(edit.Mirror).Serialized, Path.GetDirectoryName(Path.GetDirectoryName(place.Path))!)));
}
