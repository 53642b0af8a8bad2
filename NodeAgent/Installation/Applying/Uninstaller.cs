using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Takes a target back: first out of what kubelet reads, then kubelet, watched, and only then what served it.</summary>
internal sealed class Uninstaller(Node node, InstallOptions options)
{
    private readonly Change _change = new(node, options.Services);

    /// <summary>Uninstalls a target, or goes on where an earlier run ended. Returns the exit code.</summary>
    public async Task<int> Run(string target, CancellationToken cancellation)
    {
        var record = node.Store.Read();
        if (record.Target(target) is null && !record.IsChanging)
        {
            if (!options.DryRun)
            {
                node.Store.DeleteFailure(target);
            }

            node.Output.WriteLine($"{target} is not installed");
            return 0;
        }

        var desired = Planner.Uninstall(target, node.Host, record);
        if (Refused(target, record, desired))
        {
            return 1;
        }

        Preflight.Check(node.Host, node.Files.Written(desired));
        if (options.DryRun)
        {
            Display.Show(node, desired, program: false);
            return 0;
        }

        desired = await Chosen(record, desired, cancellation);
        if (_change.FailedBefore(target, desired, options.Retry) is { } failure)
        {
            node.Output.WriteLine(failure);
            return 1;
        }

        Notes(record, desired).ToList().ForEach(note => node.Output.WriteLine($"note: {note}"));
        node.Store.Begin(desired);
        if (!await _change.Make(target, desired, cancellation))
        {
            return 1;
        }

        node.Output.WriteLine($"{target} is removed");
        return 0;
    }

    /// <summary>Whether a run would restart kubelet.</summary>
    public bool RestartsKubelet(string target) =>
        node.Store.Read() is var record && (record.Target(target) is not null || record.IsChanging)
            && Planner.Uninstall(target, node.Host, record).KubeletIsPending;

    private Task<NodeRecord> Chosen(NodeRecord record, NodeRecord desired, CancellationToken cancellation) =>
        new KubeletChoice(node, options.Services).Choose(
            desired, Platform.Of(record.Platform, node.Host), isRemoval: true, cancellation);

    private IEnumerable<string> Notes(NodeRecord record, NodeRecord desired) =>
    [
        .. desired.KubeletWasDown
            ? ["kubelet does not stay up on this node; its files will name nothing of this target, whether it does then or not"]
            : (string[])[],
        .. Outdated.AfterRemoval(node.Host, record, desired),
    ];

    private bool Refused(string target, NodeRecord record, NodeRecord desired)
    {
        var installed = record.Target(target) ?? record.Former?.Target(target);
        var platform = Platform.Of(record.Platform, node.Host);
        List<string> lines =
        [
            .. installed is null ? []
                : References.To(
                    installed, node.Host, KubeletView.Of(node.Host, platform), desired).Select(line => $"{line} — take this line out"),
            .. References.Emptied(desired),
        ];
        if (lines.Count > 0)
        {
            node.Output.WriteLine(
                $"{target} stays, since something that this program did not write still needs it; change it, and uninstall again:");
            lines.ForEach(node.Output.WriteLine);
        }

        return lines.Count > 0;
    }
}
