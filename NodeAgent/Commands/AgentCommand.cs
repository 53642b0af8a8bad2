using System.CommandLine;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.CredentialHelper;
using RegistryProxy.NodeAgent.CredentialProvider;
using RegistryProxy.NodeAgent.PullSecrets;
using RegistryProxy.NodeAgent.Serving;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Commands;

/// <summary>The command line of the agent.</summary>
internal static class AgentCommand
{
    private const string ConfigVariable = "REGISTRYPROXY_CONFIG";
    private const string HelperName = "docker-credential-";

    /// <summary>The exit code when the settings cannot be used.</summary>
    public const int BadSettings = 2;

    /// <summary>
    /// Parses the arguments and runs a command. Under the name of a docker credential helper the words of docker are the command.
    /// </summary>
    public static Task<int> Run(string[] args)
    {
        var config = new Option<string?>("--config")
            { Description = $"The agent's file (or {ConfigVariable}); {AgentFiles.Settings} otherwise", Recursive = true };
        var root = new RootCommand("RegistryProxy NodeAgent: image pulls with the identity of the node or the pod") 
        {
            config, Serve(config), Provide(config), Help(config), KeepSecrets(config),
            InstallCommands.Install(config), InstallCommands.Uninstall(),
            InstallCommands.Watch(), InstallCommands.Reapply(),
        };
        string[] words = IsHelper() ? ["credential-helper", .. args] : args;
        var parsed = root.Parse(words);
        ProcessOutput.Begin(isProtocol: parsed.CommandResult.Command.Name is not ("serve" or "pull-secrets"));
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static Command Serve(Option<string?> config)
    {
        var serve = new Command("serve", "Serves kubelet's image service, the other commands and the mirror");
        serve.SetAction((arguments, cancellation) => With(arguments.GetValue(config), async settings =>
        {
            using var alone = ListenerProbe.TakeFolder(settings, out var problem);
            if ((problem ?? ListenerProbe.Find(settings)) is { } taken)
            {
                await Console.Error.WriteLineAsync($"{FileOf(arguments.GetValue(config))}: {taken}");
                return BadSettings;
            }

            foreach (var warning in ListenerProbe.Warnings(settings))
            {
                await Console.Error.WriteLineAsync($"{FileOf(arguments.GetValue(config))}: {warning}");
            }

            await ServeApp.Run(settings, cancellation);
            return 0;
        }));
        return serve;
    }

    private static Command Provide(Option<string?> config)
    {
        var provide = new Command("credential-provider", "Answers kubelet's CredentialProviderRequest on standard input");
        provide.SetAction((arguments, cancellation) => With(
            arguments.GetValue(config),
            settings => new Provider(settings, TimeProvider.System).Run(
                Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error, cancellation)));
        return provide;
    }

    private static Command KeepSecrets(Option<string?> config)
    {
        var once = new Option<bool>("--once") { Description = "Runs one round and exits with 1 if a Secret could not be written" };
        var keep = new Command("pull-secrets", "Keeps imagePullSecrets in a cluster fresh, with tokens of its service accounts") { once };
        keep.SetAction((arguments, cancellation) => With(
            arguments.GetValue(config),
            settings => PullSecretsRun.Run(settings, arguments.GetValue(once), Console.Out, cancellation)));
        return keep;
    }

    private static Command Help(Option<string?> config)
    {
        var action = new Argument<string>("action") { Description = "get, store, erase or list, as docker calls it; or login HOST" };
        var host = new Argument<string?>("host") { Arity = ArgumentArity.ZeroOrOne };
        var help = new Command("credential-helper", "Docker's credential helper protocol") { action, host };
        help.SetAction((arguments, cancellation) => new Helper(
                CredentialFile.OfUser(), () => Optional(arguments.GetValue(config)), TimeProvider.System, Console.In, Console.Out,
                Console.Error)
            .Run(arguments.GetValue(action)!, arguments.GetValue(host), cancellation));
        return help;
    }

    private static bool IsHelper() => new[] { Environment.ProcessPath, Environment.GetCommandLineArgs()[0] }
        .Any(path => Path.GetFileName(path)?.StartsWith(HelperName, StringComparison.Ordinal) == true);

    /// <summary>The agent's file: by option, by environment, or where it always is.</summary>
    public static string FileOf(string? option) => option ?? Environment.GetEnvironmentVariable(ConfigVariable) ?? AgentFiles.Settings;

    private static async Task<int> With(string? option, Func<AgentSettings, Task<int>> run)
    {
        var (settings, errors) = SettingsFile.Read(FileOf(option));
        foreach (var error in errors)
        {
            await Console.Error.WriteLineAsync(error);
        }

        return settings is null ? BadSettings : await run(settings);
    }

    /// <summary>On a laptop there may be no file, or one of the user's own.</summary>
    private static AgentSettings? Optional(string? option)
    {
        var own = Path.Combine(CredentialFile.DefaultFolder, "nodeagent.yaml");
        var path = option ?? Environment.GetEnvironmentVariable(ConfigVariable) ?? (File.Exists(own) ? own : AgentFiles.Settings);
        if (!File.Exists(path))
        {
            return null;
        }

        var (settings, errors) = SettingsFile.Read(path);
        return settings ?? throw new IOException(string.Join('\n', errors));
    }
}
