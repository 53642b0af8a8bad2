using System.Collections.Concurrent;
using System.Diagnostics;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// A process in which a host of the product runs again and again, one run after the other, each from its entry point to its end and each
/// for one test: only the first one pays for loading and compiling, which is nine tenths of a start. Tests that measure, or that give a
/// process variables of its own, have a new process.
/// </summary>
internal sealed class WarmHost
{
    /// <summary>Processes that nobody has, of one program.</summary>
    private const int MaxIdle = 4;

    /// <summary>In bytes. One that has grown is ended.</summary>
    private const long MaxResident = 400_000_000;

    private static readonly string[] Hosts = ["RegistryProxy.Standalone.dll", "RegistryProxy.Silo.dll", "RegistryProxy.Gateway.dll"];

    private static readonly ConcurrentDictionary<string, ConcurrentStack<WarmHost>> Idle = new();

    private readonly string _dll;
    private readonly int[] _ended = [0, 0];
    private ChildProcess? _user;

    private WarmHost(string dll)
    {
        _dll = dll;
        var start = ChildProcess.StartOf(
            "dotnet", [dll], [("DOTNET_STARTUP_HOOKS", Path.Combine(HostCompilation.Folder!, "Warm", "RegistryProxy.Warm.dll"))]);
        start.RedirectStandardInput = true;
        Process = new Process { StartInfo = start };
        Process.OutputDataReceived += (_, line) => Hear(line.Data, 0);
        Process.ErrorDataReceived += (_, line) => Hear(line.Data, 1);
        Launcher.Run(() => Process.Start());
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    /// <summary>Whether a command is one that runs so: what a process has of certificates it has to its end.</summary>
    public static bool Takes(string program, List<string> arguments) => HostCompilation.Folder is { } folder && program == "dotnet"
        && arguments[0].StartsWith(folder, StringComparison.Ordinal) && Hosts.Contains(Path.GetFileName(arguments[0]))
        && arguments.IndexOf("--config") is var at && (at < 0 || !IsEncrypted(arguments[at + 1]));

    /// <summary>One that nobody has, or a new one.</summary>
    public static WarmHost Take(string dll)
    {
        while (Idle.TryGetValue(dll, out var idle) && idle.TryPop(out var host))
        {
            if (!host.Process.HasExited)
            {
                return host;
            }
        }

        return new WarmHost(dll);
    }

    /// <summary>Runs it for a test.</summary>
    public void Run(IEnumerable<string> arguments, ChildProcess user)
    {
        _user = user;
        Process.StandardInput.WriteLine(string.Join('\t', arguments));
        Process.StandardInput.Flush();
    }

    /// <summary>A run has ended.</summary>
    public void GiveBack()
    {
        var idle = Idle.GetOrAdd(_dll, _ => new());
        if (idle.Count < MaxIdle && IsSmall())
        {
            idle.Push(this);
        }
        else
        {
            End();
        }
    }

    /// <summary>Ends those that nobody has.</summary>
    public static void EndIdle()
    {
        foreach (var idle in Idle.Values)
        {
            while (idle.TryPop(out var host))
            {
                host.End();
            }
        }
    }

    private static bool IsEncrypted(string config) =>
        File.Exists(config) && File.ReadAllText(config).Contains("tls", StringComparison.Ordinal);

    private bool IsSmall()
    {
        try
        {
            return ProcessMemory.Resident(Process.Id) < MaxResident;
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException)
        {
            // It was killed in the moment in which its run ended.
            return false;
        }
    }

    private void End()
    {
        Process.Kill();
        Process.WaitForExit();
        Process.Dispose();
    }

    private void Hear(string? line, int stream)
    {
        if (line?.StartsWith(WarmLoop.Ended, StringComparison.Ordinal) != true)
        {
            Volatile.Read(ref _user)?.Keep(line);
            return;
        }

        // Both streams end a run, so that nothing of it is heard later.
        var runs = Interlocked.Increment(ref _ended[stream]);
        if (Volatile.Read(ref _ended[1 - stream]) == runs)
        {
            Interlocked.Exchange(ref _user, null)?.End(int.Parse(line[WarmLoop.Ended.Length..]));
        }
    }
}
