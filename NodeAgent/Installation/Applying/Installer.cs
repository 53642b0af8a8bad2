using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// Installs in an order that never leaves a node without its kubelet: 1. plan; 2. record what is there; 3. the agent's own files; 4. start
/// the agent and ask it what kubelet will ask; 5. what kubelet reads; 6. kubelet, watched from outside, which goes back when kubelet does
/// not stay up.
/// </summary>
internal sealed class Installer(Node node, InstallOptions options)
{
    private readonly Change _change = new(node, options.Services);

    /// <summary>Installs a target, or goes on where an earlier run ended. Returns the exit code.</summary>
    public async Task<int> Run(string target, InstallContext context, CancellationToken cancellation)
    {
        var (desired, notes) = Planner.Install(target, context);
        var program = node.Files.ProgramDiffers(desired);
        desired = desired with { AgentIsPending = desired.AgentIsPending || program || node.Files.LinkDiffers(desired) };
        if (context.Record.Target(target) is not null && !context.Record.IsChanging && await IsInPlace(desired))
        {
            node.Output.WriteLine($"{target} is in place already");
            return 0;
        }

        RefuseWhatCannotBe(context.Record, desired);
        if (options.DryRun)
        {
            Display.Show(node, desired, program);
            notes.ToList().ForEach(note => node.Output.WriteLine($"note: {note}"));
        }

        if (_change.FailedBefore(target, desired, options.Retry) is { } failure)
        {
            node.Output.WriteLine(failure);
            return 1;
        }

        if (options.DryRun)
        {
            return 0;
        }

        desired = await _change.WithUnit(desired, context.Platform, isRemoval: false);
        notes.Concat(Outdated(context, desired)).ToList().ForEach(note => node.Output.WriteLine($"note: {note}"));
        node.Store.Write(desired);
        return await _change.Make(target, desired, cancellation) ? Done(target) : 1;
    }

    /// <summary>Whether a run would restart kubelet.</summary>
    public static bool RestartsKubelet(string target, InstallContext context) => Planner.Install(target, context).Desired.KubeletIsPending;

    private int Done(string target)
    {
        node.Output.WriteLine(options.Services ? $"{target} is installed" : $"{target}: files are written, no service was touched");
        return 0;
    }

    private async Task<bool> IsInPlace(NodeRecord desired)
    {
        if (desired.Places.Any(place => DesiredRecord.Differs(node.Host, place)) || node.Files.ProgramDiffers(desired)
            || node.Files.LinkDiffers(desired) || desired.Unneeded().Any())
        {
            return false;
        }

        return !options.Services
            || (!desired.KubeletIsPending && !(desired.NeedsAgent()
                && (desired.AgentIsPending || !await node.Services.IsActive(AgentUnit.Name))));
    }

    /// <exception cref="InstallRefusal">Something cannot be written or run, or is somebody else's.</exception>
    private void RefuseWhatCannotBe(NodeRecord record, NodeRecord desired)
    {
        Preflight.Check(node.Host, node.Files.Written(desired));
        if (options.Services)
        {
            Preflight.CheckPrograms(node.Host, desired.Targets.SelectMany(target => target.Programs));
        }

        foreach (var link in desired.Links.Except(record.Links).Where(link => node.Host.Exists(link) && node.Host.LinkTarget(link) is null))
        {
            throw new InstallRefusal($"{link} is there already and no link of this program: move it away, and install again");
        }
    }

    /// <summary>Places of others that still name the socket of before: they are not this program's to change.</summary>
    private IEnumerable<string> Outdated(InstallContext context, NodeRecord desired)
    {
        var (old, now) = (
            context.Record.Target(InstallTarget.ImageService)?.Endpoint, desired.Target(InstallTarget.ImageService)?.Endpoint);
        return old is null || now is null || old == now
            ? []
            : References.Lines(Merging.UnixEndpoint.PathOf(old), node.Host, context.Kubelet.Files, desired).Select(
                line => $"{line} still names the socket of before");
    }
}
