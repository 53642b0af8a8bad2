using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Plans;

namespace RegistryProxy.NodeAgent.Installation;

/// <summary>
/// Installs in an order that never leaves a node without its kubelet: 1. plan; 2. record what is there; 3. write; 4. start the agent and ask it
/// what kubelet will ask; 5. only then kubelet, watched from outside, which puts everything back when kubelet does not stay up.
/// </summary>
internal sealed class Installer(HostFiles host, TextWriter output, TimeProvider time)
{
    private const string Unit = "registryproxy-nodeagent";

    private readonly InstallRecords _records = new(host);
    private readonly HostCommands _commands = new(host);

    public static InstallPlan Plan(string target, InstallContext context) => target switch
    {
        InstallTarget.ImageService => ImageServicePlan.Make(context),
        InstallTarget.CredentialProvider => CredentialProviderPlan.Make(context),
        InstallTarget.ContainerdMirror => MirrorPlan.Make(context),
        _ => DockerHelperPlan.Make(context),
    };

    /// <summary>Shows what would change.</summary>
    public void Show(InstallPlan plan)
    {
        foreach (var change in plan.Files.Where(change => change.Changes))
        {
            output.Write(TextDiff.Of(change));
        }

        foreach (var program in plan.Programs.Concat(plan.Links))
        {
            output.WriteLine($"program {program}");
        }

        Notes(plan);
    }

    /// <summary>Carries a plan out. Returns the exit code.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="context">The node and the settings.</param>
    /// <param name="services">Whether services may be started and restarted; files alone otherwise.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<int> Apply(InstallPlan plan, InstallContext context, bool services, CancellationToken cancellation)
    {
        if (_records.Read(plan.Target) is not null && !plan.Files.Any(change => change.Changes) && plan.Programs.Concat(plan.Links).All(host.Exists))
        {
            output.WriteLine($"{plan.Target} is in place already");
            return 0;
        }

        new FileApplier(host, _records).Apply(plan, context.Platform.Name);
        Notes(plan);
        if (!services)
        {
            output.WriteLine($"{plan.Target}: files are written, no service was touched");
            return 0;
        }

        if (plan.NeedsAgent && await StartAgent(plan, context, cancellation) is { } failure)
        {
            Undo(plan.Target);
            output.WriteLine($"the agent does not serve, so everything was put back and kubelet was not touched: {failure}");
            return 1;
        }

        return plan.NeedsKubelet ? await RestartKubelet(plan.Target, context.Platform, cancellation) : Done(plan.Target);
    }

    /// <summary>Takes a target back. kubelet first, then what served it.</summary>
    public async Task<int> Remove(string target, bool dryRun, bool services)
    {
        if (_records.Read(target) is not { } record)
        {
            output.WriteLine($"{target} is not installed");
            return 0;
        }

        if (dryRun)
        {
            record.Files.ForEach(file => output.WriteLine($"{(file.Before is null ? "remove" : "restore")} {file.Path}"));
            record.Programs.ForEach(program => output.WriteLine($"remove {program}"));
            return 0;
        }

        Undo(target);
        if (services)
        {
            await _commands.Systemctl("daemon-reload");
            if (record.NeedsKubelet)
            {
                await _commands.Systemctl("restart", "kubelet");
            }

            if (record.NeedsAgent && !host.Exists(AgentFilesPlan.Unit))
            {
                await _commands.Systemctl("stop", Unit);
            }
        }

        output.WriteLine($"{target} is removed");
        return 0;
    }

    private void Undo(string target)
    {
        if (_records.Read(target) is { } record)
        {
            foreach (var left in new FileApplier(host, _records).Undo(record))
            {
                output.WriteLine(left);
            }
        }
    }

    private async Task<string?> StartAgent(InstallPlan plan, InstallContext context, CancellationToken cancellation)
    {
        try
        {
            await _commands.Systemctl("daemon-reload");
            await _commands.Systemctl("enable", Unit);
            await _commands.Systemctl("restart", Unit);
        }
        catch (IOException fault)
        {
            return fault.Message;
        }

        return plan.Target == InstallTarget.ImageService ? await ImageServiceProbe.Ask(host.At(context.Settings.Listen), time, cancellation) : null;
    }

    private async Task<int> RestartKubelet(string target, Platform platform, CancellationToken cancellation)
    {
        var result = InstallRecords.ResultOf(target);
        host.Delete(result);
        await _commands.Detach($"registryproxy-watch-{target}", platform.Program, "watch", "--target", target);
        var end = time.GetUtcNow() + TimeSpan.FromSeconds(120);
        while (!host.Exists(result) && time.GetUtcNow() < end)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300), time, cancellation);
        }

        var words = host.Read(result) ?? "the watcher has not said how it ended; see journalctl -u registryproxy-watch-" + target;
        if (words == KubeletWatch.Good)
        {
            return Done(target);
        }

        output.WriteLine(words);
        return 1;
    }

    private int Done(string target)
    {
        output.WriteLine($"{target} is installed");
        return 0;
    }

    private void Notes(InstallPlan plan)
    {
        foreach (var note in plan.Notes)
        {
            output.WriteLine($"note: {note}");
        }
    }
}
