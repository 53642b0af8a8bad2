using System.CommandLine;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Installation.Turns;
using RegistryProxy.NodeAgent.Serving;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Commands;

/// <summary><c>install</c>, <c>uninstall</c>, and what they make the node run: <c>watch</c> and <c>reapply</c>.</summary>
internal static class InstallCommands
{
    private static readonly Option<string> Target = Words("--target", "What is installed", InstallTarget.All, required: true);
    private static readonly Option<string> Root = new("--root")
        { Description = "Where the node's root file system is mounted, such as /host in a pod", DefaultValueFactory = _ => "/" };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Shows what would change and changes nothing" };
    private static readonly Option<bool> FilesOnly = new("--files-only")
        { Description = "Only writes files and restarts no service, for building machine images" };
    private static readonly Option<bool> Retry = new("--retry") { Description = "Retries an installation that failed on this node" };

    public static Command Install(Option<string?> config)
    {
        var platform = Words("--platform", "The platform of the node; detected by default", Platform.Names, required: false);
        var install = new Command(
            "install", "Installs the agent on this node, reversibly") { Target, platform, Root, DryRun, FilesOnly, Retry };
        install.SetAction((arguments, cancellation) => Guarded(async () =>
        {
            var file = AgentCommand.FileOf(arguments.GetValue(config));
            var (settings, errors) = SettingsFile.Read(file);
            if (settings is null)
            {
                errors.ToList().ForEach(Console.Error.WriteLine);
                return AgentCommand.BadSettings;
            }

            var (node, options) = (NodeOf(arguments), OptionsOf(arguments));
            var text = BoundedFile.ReadText(file);
            var (installer, target) = (new Installer(node, options), arguments.GetValue(Target)!);
            InstallContext Context() => new(node.Host, Platform.Of(arguments.GetValue(platform), node.Host), settings, text)
                { Record = node.Store.Read() };
            return await InTurn(options, () => installer.RestartsKubelet(target, Context()), () => Alone(
                node, options, target, () => installer.Run(target, Context(), cancellation), cancellation), cancellation);
        }));
        return install;
    }

    public static Command Uninstall()
    {
        var uninstall = new Command(
            "uninstall", "Restores everything as it was before the installation") { Target, Root, DryRun, FilesOnly, Retry };
        uninstall.SetAction((arguments, cancellation) => Guarded(() =>
        {
            var (node, options) = (NodeOf(arguments), OptionsOf(arguments));
            var (uninstaller, target) = (new Uninstaller(node, options), arguments.GetValue(Target)!);
            return InTurn(
                options, () => Task.FromResult(uninstaller.RestartsKubelet(target)),
                () => Alone(node, options, target, () => uninstaller.Run(target, cancellation), cancellation), cancellation);
        }));
        return uninstall;
    }

    public static Command Watch()
    {
        var steady = new Option<int>("--steady")
            { Description = "Seconds for which kubelet must stay active", DefaultValueFactory = _ => 20 };
        var within = new Option<int>("--within") { Description = "Seconds in which it must get there", DefaultValueFactory = _ => 60 };
        var watch = new Command(
            "watch", "Restarts kubelet and puts everything back when it does not stay up") { Target, Root, steady, within };
        watch.Hidden = true;
        watch.SetAction((arguments, cancellation) => Guarded(async () =>
        {
            var host = new HostFiles(arguments.GetValue(Root)!);
            using var alone = await InstallLock.Take(host, InstallLock.Watch, TimeSpan.Zero, TimeProvider.System, cancellation);
            var times = new WatchTimes(TimeSpan.FromSeconds(arguments.GetValue(steady)), TimeSpan.FromSeconds(arguments.GetValue(within)));
            var files = new NodeFiles(host, AgentProgram.OfThisProcess());
            return await new KubeletWatch(
                host, files, new HostCommands(host.Root, TimeProvider.System), times, TimeProvider.System,
                AskKubelet)
                .Run(arguments.GetValue(Target)!, cancellation);
        }));
        return watch;
    }

    public static Command Reapply()
    {
        var reapply = new Command("reapply", "Restores the installation in files that the platform rewrote at boot") { Root };
        reapply.Hidden = true;
        reapply.SetAction((arguments, _) => Guarded(() =>
        {
            new Reapplying(new HostFiles(arguments.GetValue(Root)!)).Run().ToList().ForEach(
                path => Console.WriteLine($"put back into {path}"));
            return Task.FromResult(0);
        }));
        return reapply;
    }

    private static Task<string?> AskKubelet() => KubeletConfigz.ImageService(KubeletConfigz.Address, TimeProvider.System);

    private static Node NodeOf(ParseResult arguments)
    {
        var host = new HostFiles(arguments.GetValue(Root)!);
        return new Node(
            host, AgentProgram.OfThisProcess(), new HostCommands(host.Root, TimeProvider.System),
            new NodeQuestions(ImageServiceProbe.Probe, AskKubelet, ListenerProbe.Tcp), Console.Out, TimeProvider.System);
    }

    private static InstallOptions OptionsOf(ParseResult arguments) =>
        new(!arguments.GetValue(FilesOnly), arguments.GetValue(DryRun), arguments.GetValue(Retry));

    /// <summary>Nodes that restart their kubelet take turns, where a DaemonSet asks for it.</summary>
    private static async Task<int> InTurn(
        InstallOptions options, Func<Task<bool>> restartsKubelet, Func<Task<int>> run, CancellationToken cancellation)
    {
        var turn = options is { Services: true, DryRun: false } ? Turns.OfEnvironment(Console.Out, TimeProvider.System) : null;
        return turn is null ? await run() : await turn.Run(await restartsKubelet(), run, cancellation);
    }

    /// <summary>One change at a time, and none before the watcher of an earlier one is done.</summary>
    private static async Task<int> Alone(
        Node node, InstallOptions options, string target, Func<Task<int>> run, CancellationToken cancellation)
    {
        if (options.DryRun)
        {
            return await run();
        }

        try
        {
            using var change = await InstallLock.Take(node.Host, InstallLock.Change, TimeSpan.FromSeconds(5), node.Time, cancellation);
            (await InstallLock.Take(node.Host, InstallLock.Watch, Change.WatchTimeout, node.Time, cancellation))?.Dispose();
            return await run();
        }
        catch (InstallRefusal refusal) when (node.Store.IsInTrouble(target))
        {
            // Not the refusal of a node that is as it was: other nodes wait until somebody has looked.
            throw new IOException(refusal.Message, refusal);
        }
    }

    private static Option<string> Words(string name, string description, string[] words, bool required)
    {
        var option = new Option<string>(name) { Description = description, Required = required };
        return option.AcceptOnlyFromAmong(words);
    }

    private static async Task<int> Guarded(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception fault) when (fault is InstallRefusal or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }
}
