using System.CommandLine;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Commands;

/// <summary><c>install</c>, <c>uninstall</c>, and <c>watch</c>, which the first starts on the node.</summary>
internal static class InstallCommands
{
    private static readonly Option<string> Target = Words("--target", "What is installed", InstallTarget.All, required: true);
    private static readonly Option<string> Root = new("--root") { Description = "Where the node's files are seen from here, such as /host in a pod", DefaultValueFactory = _ => "/" };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Shows what would change and changes nothing" };
    private static readonly Option<bool> FilesOnly = new("--files-only") { Description = "Writes files and touches no service, for images of machines" };

    public static Command Install(Option<string?> config)
    {
        var platform = Words("--platform", "The kind of node; found out where it is left out", Platform.Names, required: false);
        var install = new Command("install", "Installs the agent on this node, reversibly") { Target, platform, Root, DryRun, FilesOnly };
        install.SetAction((arguments, cancellation) => Guarded(async () =>
        {
            var host = new HostFiles(arguments.GetValue(Root)!);
            var file = AgentCommand.FileOf(arguments.GetValue(config));
            var (settings, errors) = SettingsFile.Read(file);
            if (settings is null)
            {
                errors.ToList().ForEach(Console.Error.WriteLine);
                return AgentCommand.BadSettings;
            }

            var dryRun = arguments.GetValue(DryRun);
            var context = new InstallContext(host, Platform.Of(arguments.GetValue(platform), host), settings, BoundedFile.ReadText(file), dryRun);
            var plan = Installer.Plan(arguments.GetValue(Target)!, context);
            var installer = new Installer(host, Console.Out, TimeProvider.System);
            if (dryRun)
            {
                installer.Show(plan);
                return 0;
            }

            return await installer.Apply(plan, context, !arguments.GetValue(FilesOnly), cancellation);
        }));
        return install;
    }

    public static Command Uninstall()
    {
        var uninstall = new Command("uninstall", "Puts everything back as it was before install") { Target, Root, DryRun, FilesOnly };
        uninstall.SetAction((arguments, _) => Guarded(() => new Installer(new HostFiles(arguments.GetValue(Root)!), Console.Out, TimeProvider.System)
            .Remove(arguments.GetValue(Target)!, arguments.GetValue(DryRun), !arguments.GetValue(FilesOnly))));
        return uninstall;
    }

    public static Command Watch()
    {
        var steady = new Option<int>("--steady") { Description = "Seconds for which kubelet must be active", DefaultValueFactory = _ => 20 };
        var within = new Option<int>("--within") { Description = "Seconds that it is given", DefaultValueFactory = _ => 60 };
        var watch = new Command("watch", "Restarts kubelet and puts everything back when it does not stay up") { Target, Root, steady, within };
        watch.Hidden = true;
        watch.SetAction((arguments, cancellation) => Guarded(() => new KubeletWatch(
                new HostFiles(arguments.GetValue(Root)!), TimeSpan.FromSeconds(arguments.GetValue(steady)), TimeSpan.FromSeconds(arguments.GetValue(within)), TimeProvider.System)
            .Run(arguments.GetValue(Target)!, cancellation)));
        return watch;
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
