using System.CommandLine;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>
/// The command line that every host shares: <c>--config</c>, <c>--listen-data</c>, <c>--listen-admin</c>, <c>check</c> and <c>health</c>.
/// </summary>
public static class HostCommand
{
    internal const string ConfigVariable = "REGISTRYPROXY_CONFIG";

    /// <summary>The configuration file that the environment names; <c>null</c> for none.</summary>
    internal static string? ConfigOfEnvironment => Environment.GetEnvironmentVariable(ConfigVariable);

    /// <summary>The exit code when the configuration cannot be used.</summary>
    private const int BadConfiguration = 2;

    /// <summary>The exit code after a fault of the program or of what it needs.</summary>
    private const int Faulty = 1;

    /// <summary>Parses the arguments and runs the host, or the check. Returns the exit code.</summary>
    /// <param name="description">What the host is, for <c>--help</c>.</param>
    /// <param name="args">The arguments.</param>
    /// <param name="run">Runs the host until it is told to stop.</param>
    /// <param name="steps">What <c>check</c> can do in this host beyond <c>--online</c>.</param>
    public static Task<int> Run(string description, string[] args, Func<HostStart, Task> run, params ICheckStep[] steps) =>
        Run(description, args, run, ConfigurationPart.Whole, steps);

    /// <summary>The same for a host that reads a part of the file alone.</summary>
    public static Task<int> Run(
        string description, string[] args, Func<HostStart, Task> run, ConfigurationPart part, params ICheckStep[] steps)
    {
        ProcessOutput.Begin();
        var config = new Option<string?>("--config") { Description = $"The configuration file (or {ConfigVariable})", Recursive = true };
        var data = new Option<Uri?>("--listen-data")
        {
            Description = "Address of the data listener; port 0 picks a free one", CustomParser = ParseListener
        };
        var admin = new Option<Uri?>("--listen-admin")
        {
            Description = "Address of the admin listener; port 0 picks a free one", CustomParser = ParseListener
        };
        var root = new RootCommand(description)
        {
            config, data, admin, CheckCommand.Create(config, part, steps), HealthCommand.Create(config, admin)
        };
        root.SetAction(async (arguments, _) =>
        {
            var path = arguments.GetValue(config) ?? ConfigOfEnvironment;
            if (Load(path, part) is not { } source)
            {
                return BadConfiguration;
            }

            using (source as IDisposable)
            {
                return await Start(run, new HostStart(source, path, arguments.GetValue(data), arguments.GetValue(admin)));
            }
        });
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static async Task<int> Start(Func<HostStart, Task> run, HostStart start)
    {
        try
        {
            await run(start);

            // 0, or what a part of the host left that ended it, so that a supervisor starts it again.
            return Environment.ExitCode;
        }
        catch (ConfigurationUnusableException unusable)
        {
            HostOutput.Fail($"{start.ConfigPath ?? "the built-in configuration"}: {unusable.Message}");
            return BadConfiguration;
        }
        catch (Exception fault) when (IsTaken(fault))
        {
            // The address was free a moment ago.
            HostOutput.Fail($"{start.ConfigPath ?? "the built-in configuration"}: a listener cannot be opened: {fault.Message}");
            return BadConfiguration;
        }
        catch (Exception fault)
        {
            HostOutput.Fail($"{start.ConfigPath ?? "the built-in configuration"}: the process cannot go on: {fault}");
            return Faulty;
        }
    }

    private static bool IsTaken(Exception? fault) => fault is not null
        && (fault is AddressInUseException
            or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse or SocketError.AccessDenied
                or SocketError.AddressNotAvailable }
            || IsTaken(fault.InnerException));

    private static IConfigurationFeed? Load(string? path, ConfigurationPart part)
    {
        if (string.IsNullOrEmpty(path))
        {
            return new FixedConfiguration(ConfigurationDefaults.NoFile());
        }

        var files = new ConfigurationFiles(path, part);
        var result = files.Read();
        foreach (var warning in result.Warnings)
        {
            HostOutput.Warn(warning.ToWarning());
        }

        foreach (var error in result.AllErrors)
        {
            HostOutput.Fail(error.ToString());
        }

        if (result.Snapshot is null)
        {
            return null;
        }

        foreach (var fault in result.Faults)
        {
            HostOutput.Fail(fault.IsKept ? $"{fault.File} is not used; everything else is served"
                : $"{fault.File} cannot be used as it is now: hosts that depend on it answer 503 until it is mended or its " +
                    "last good text is found in the state; everything else is served");
        }

        return new ConfigurationWatcher(files, result, TimeProvider.System);
    }

    private static Uri? ParseListener(System.CommandLine.Parsing.ArgumentResult argument)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        if (Uri.TryCreate(text, UriKind.Absolute, out var listener) && (listener.Scheme is "http" or "https")
            && listener.PathAndQuery == "/" && HttpOrigin.TryGetHost(listener, out _))
        {
            return listener;
        }

        argument.AddError($"'{text}' must be an address such as http://127.0.0.1:5000");
        return null;
    }
}
