using System.CommandLine;
using RegistryProxy.NodeAgent.Serving;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Commands;

/// <summary>The command line of the agent.</summary>
internal static class AgentCommand
{
    private const string ConfigVariable = "REGISTRYPROXY_CONFIG";
    private const string DefaultConfig = "/etc/registryproxy/nodeagent.yaml";

    /// <summary>The exit code when the settings cannot be used.</summary>
    private const int BadSettings = 2;

    public static Task<int> Run(string[] args)
    {
        var config = new Option<string?>("--config") { Description = $"The agent's file (or {ConfigVariable}); {DefaultConfig} otherwise", Recursive = true };
        var root = new RootCommand("RegistryProxy NodeAgent: nodes of any cloud pull without a stored secret") { config, Serve(config) };
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static Command Serve(Option<string?> config)
    {
        var serve = new Command("serve", "Serves kubelet's image service, the other commands and the mirror");
        serve.SetAction((arguments, cancellation) => With(arguments.GetValue(config), settings => ServeApp.Run(settings, cancellation)));
        return serve;
    }

    private static async Task<int> With(string? path, Func<AgentSettings, Task> run)
    {
        var file = path ?? Environment.GetEnvironmentVariable(ConfigVariable) ?? DefaultConfig;
        var (settings, errors) = SettingsFile.Read(file);
        foreach (var error in errors)
        {
            await Console.Error.WriteLineAsync(error);
        }

        if (settings is null)
        {
            return BadSettings;
        }

        await run(settings);
        return 0;
    }
}
