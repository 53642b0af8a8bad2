using System.Diagnostics;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Commands of the node: directly, or by the namespaces of its first process when the node is seen from a container.</summary>
internal sealed class HostCommands(HostFiles host)
{
    public Task Systemctl(params string[] arguments) => MustRun(["systemctl", .. arguments]);

    public async Task<bool> IsActive(string unit) => (await Run(["systemctl", "is-active", "--quiet", unit])).ExitCode == 0;

    /// <summary>Runs a program of the node outside of kubelet's reach, and does not wait for it.</summary>
    public Task Detach(string unit, params string[] command) => MustRun(["systemd-run", "--collect", $"--unit={unit}", .. command]);

    private async Task MustRun(string[] command)
    {
        var (exitCode, words) = await Run(command);
        if (exitCode != 0)
        {
            throw new IOException($"`{string.Join(' ', command)}` ended with {exitCode}: {words.Trim()}");
        }
    }

    private async Task<(int ExitCode, string Words)> Run(string[] command)
    {
        string[] whole = host.Root is "/" ? command : ["nsenter", "--target", "1", "--mount", "--uts", "--ipc", "--net", "--pid", "--", .. command];
        var start = new ProcessStartInfo(whole[0], whole[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, $"{await output}{await errors}");
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return (127, $"{whole[0]}: {fault.Message}");
        }
    }
}
