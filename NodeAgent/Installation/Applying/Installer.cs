using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Serving;
using RegistryProxy.NodeAgent.Settings;

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
        var otherwise = await Otherwise(target, context, desired);
        desired = desired with
        {
            AgentIsPending = desired.AgentIsPending || program || node.Files.LinkDiffers(desired),
            KubeletIsPending = desired.KubeletIsPending || otherwise is not null, ProgramDigest = node.Program.Digest(),
        };
        if (IsInstalled(target, context) && await IsInPlace(desired))
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

        desired = await Chosen(context, desired, cancellation);
        notes.Concat(otherwise is null ? [] : [$"{otherwise}, so it is restarted"]).Concat(Outdated.Lines(node.Host, context, desired))
            .ToList().ForEach(note => node.Output.WriteLine($"note: {note}"));
        node.Store.Begin(desired);
        return await _change.Make(target, desired, cancellation) ? Done(target) : 1;
    }

    /// <summary>Whether a run would restart kubelet.</summary>
    public async Task<bool> RestartsKubelet(string target, InstallContext context) =>
        Planner.Install(target, context).Desired is var desired
            && (desired.KubeletIsPending || await Otherwise(target, context, desired) is not null);

    /// <exception cref="InstallRefusal">Nobody could tell whether the services of this node take the change.</exception>
    private async Task<NodeRecord> Chosen(InstallContext context, NodeRecord desired, CancellationToken cancellation)
    {
        await RefuseTakenPorts(context, desired);
        desired = await new KubeletChoice(node, options.Services).Choose(desired, context.Platform, isRemoval: false, cancellation);
        return desired.KubeletWasDown && context.Record is { IsChanging: false, Targets.Count: 0 }
            ? throw new InstallRefusal(
                $"kubelet does not stay up on this node, so nobody could tell whether it takes the change. {KubeletWatch.KubeletWasDown}")
            : desired;
    }

    private static bool IsInstalled(string target, InstallContext context) =>
        context.Record.Target(target) is not null && !context.Record.IsChanging;

    /// <summary>
    /// What kubelet uses instead of what is in its files already: they may have come back behind its back. <c>null</c> when it uses them.
    /// </summary>
    private async Task<string?> Otherwise(string target, InstallContext context, NodeRecord desired) =>
        options.Services && IsInstalled(target, context) && !desired.KubeletIsPending
            ? KubeletCheck.Otherwise(node.Host, desired, await node.Questions.Kubelet())
            : null;

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
        Preflight.CheckOwners(node.Host, desired.Targets.SelectMany(target => target.Programs).Distinct());
        if (options.Services)
        {
            Preflight.CheckPrograms(node.Host, desired.Targets.SelectMany(target => target.Programs));
        }

        foreach (var link in desired.Links.Except(record.Links).Where(link => node.Host.Exists(link) && node.Host.LinkTarget(link) is null))
        {
            throw new InstallRefusal($"{link} is there already and no link of this program: move it away, and install again");
        }
    }

    /// <exception cref="InstallRefusal">
    /// Somebody else has a port: an agent that is installed waits for it, one that is not need not be begun so.
    /// </exception>
    private async Task RefuseTakenPorts(InstallContext context, NodeRecord desired)
    {
        if (!options.Services || !desired.NeedsAgent() || context.Settings is { Mirror: null, Health: null })
        {
            return;
        }

        AgentSettings? running = null;
        if (await node.Services.IsActive(AgentUnit.Name)
            && (running = SettingsFile.Parse(node.Host.Read(AgentFiles.Settings) ?? "", AgentFiles.Settings).Settings) is null)
        {
            // It runs by what cannot be read here: whose the ports are nobody can tell, and the agent waits for them.
            return;
        }

        if (ListenerProbe.Ports(context.Settings, (key, port) => IsOwn(port) ? null : node.Questions.Port(key, port))
            .FirstOrDefault() is { } taken)
        {
            throw new InstallRefusal(taken);
        }

        bool IsOwn(Uri port) =>
            new[] { running?.Mirror?.Listen, running?.Health }.OfType<Uri>().Any(own => ListenerProbe.AreOne(own, port));
    }
}
