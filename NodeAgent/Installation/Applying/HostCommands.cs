using System.Diagnostics;
using System.Text;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>Runs commands of the node.</summary>
internal interface IHostCommands
{
    Task<(int ExitCode, string Words)> Run(params string[] command);
}

/// <summary>Commands of the node: directly, or by the namespaces of its first process when the node is seen from a container.</summary>
internal sealed class HostCommands(string root, TimeProvider time) : IHostCommands
{
    /// <summary>How long one command of the node may take: kubelet's unit is given 90 s to stop.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    /// <summary>How much is kept of what a command says; characters.</summary>
    private const int LongestWords = 16 * 1024;

    public async Task<(int ExitCode, string Words)> Run(params string[] command)
    {
        string[] whole = root is "/"
            ? command
            : ["nsenter", "--target", "1", "--mount", "--uts", "--ipc", "--net", "--pid", "--", .. command];
        using var limit = new CancellationTokenSource(Timeout, time);
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(whole[0], whole[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            return await Read(process, limit.Token);
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            return (127, $"{whole[0]}: {fault.Message}");
        }
    }

    /// <summary>Reads everything, so that the command is not held up, and keeps the beginning.</summary>
    private static async Task<string> Beginning(StreamReader from, CancellationToken limit)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer, limit) is > 0 and var read)
        {
            kept.Append(buffer, 0, Math.Min(read, LongestWords - kept.Length));
        }

        return kept.ToString();
    }

    private static async Task<(int, string)> Read(Process process, CancellationToken limit)
    {
        try
        {
            var (output, errors) = (Beginning(process.StandardOutput, limit), Beginning(process.StandardError, limit));
            await process.WaitForExitAsync(limit);
            return (process.ExitCode, $"{await output}{await errors}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (124, $"it did not complete within {Timeout.TotalSeconds:0} s");
        }
    }
}
