using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Which unit runs kubelet, and how it does before a change: asked before anything is written.</summary>
internal sealed class KubeletChoice(Node node, bool services)
{
    /// <summary>
    /// A record with the unit that will be restarted, chosen before anything is written. A kubelet that somebody stopped stays stopped.
    /// </summary>
    /// <param name="desired">What the node shall be like.</param>
    /// <param name="platform">The kind of node.</param>
    /// <param name="isRemoval">Whether a target is taken away, which must be possible on every node.</param>
    /// <param name="cancellation">Ends the wait for a kubelet that has just been started.</param>
    /// <exception cref="InstallRefusal">It cannot be told which that is, or nobody could restart it.</exception>
    public async Task<NodeRecord> Choose(NodeRecord desired, Platform platform, bool isRemoval, CancellationToken cancellation)
    {
        if (!services || !desired.KubeletIsPending)
        {
            return desired;
        }

        var unit = await KubeletUnit.Running(platform, node.Host, node.Services.IsStarted);
        var state = await node.Services.StateOf(unit);
        var (runs, other) = (KubeletProcess.Words(node.Host) is not null, KubeletProcess.Unit(node.Host));
        if (!state.CanStart || (state.IsStopped && runs && other != unit))
        {
            return isRemoval
                ? desired with { KubeletUnit = other ?? unit, KubeletIsStopped = !runs }
                : throw new InstallRefusal(
                    (state.CanStart ? $"{unit}.service does not run on this node, and kubelet does"
                        : $"systemd cannot start {unit}.service on this node (it is {state.Load})")
                        + $", so nobody could restart kubelet{(other is null ? "" : $", which runs by {other}.service")}: unmask or mend "
                        + "the unit, or set kubelet up by what starts it (docs/nodeagent/install.md)");
        }

        return desired with
        {
            KubeletUnit = unit, KubeletIsStopped = state.IsStopped && !desired.KubeletHasRead,
            // One that has read the change already shows nothing of what was before it.
            KubeletWasDown = desired.KubeletHasRead ? desired.KubeletWasDown
                : !state.IsStopped && !await node.Services.IsSteady(unit, node.Steadiness, node.Time, cancellation),
        };
    }
}
