using System.Collections.Concurrent;
using System.Diagnostics;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>A server that a test starts and stops. It dies with the test host, whatever happens.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int MaxLines = 50_000;

    /// <summary>How long after the end of a process its output is read on.</summary>
    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string _owner = ProcessCosts.Owner;
    private int _counted;
    private int _openStreams = 2;
    private long _exitSeen;

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>
    /// Whether it ended and everything that it wrote was read; a process of its own that goes on may keep its output open, and is not
    /// waited for.
    /// </summary>
    public bool HasExited
    {
        get
        {
            if (!_process.HasExited)
            {
                return false;
            }

            Interlocked.CompareExchange(ref _exitSeen, Stopwatch.GetTimestamp(), 0);
            return Volatile.Read(ref _openStreams) <= 0 || Stopwatch.GetElapsedTime(_exitSeen) > Drained;
        }
    }

    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote so far.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public string Output => string.Join('\n', _lines);

    public static ChildProcess Start(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("setpriv") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "--pdeathsig", "KILL", program }.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in HostCompilation.Variables.Concat(environment))
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        Launcher.Run(() => child._process.Start());
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        ProcessCosts.Started(child._owner);
        ServerOutput.Started(NameOf(program, arguments), () => child._lines);
        return child;
    }

    /// <summary>Waits until a line of the output gives a value.</summary>
    public async Task<string> Line(Func<string, string?> find)
    {
        string? found = null;
        await Eventually.True(
            () => (found = _lines.Select(find).FirstOrDefault(value => value is not null)) is not null || HasExited,
            $"the process says what is waited for; it said:\n{Output}");
        return found ?? throw new InvalidOperationException($"the process ended with {ExitCode}:\n{Output}");
    }

    /// <summary>SIGTERM, then waits for the end. Returns the exit code.</summary>
    public async Task<int> Terminate(TimeSpan? within = null)
    {
        CountCost();
        await Shell.Run("kill", ["-TERM", Id.ToString()]);
        await Eventually.True(() => HasExited, "the process ends after SIGTERM", within);
        return ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        CountCost();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        CountCost();
        if (!_process.HasExited)
        {
            try
            {
                await Terminate(TimeSpan.FromSeconds(10));
            }
            catch (TimeoutException)
            {
                Kill();
            }
        }

        _process.Dispose();
    }

    /// <summary>The program, or what <c>dotnet</c> runs.</summary>
    private static string NameOf(string program, IEnumerable<string> arguments)
    {
        var assembly = arguments.FirstOrDefault(argument => argument.EndsWith(".dll", StringComparison.Ordinal));
        return Path.GetFileNameWithoutExtension(assembly ?? program);
    }

    /// <summary>The test has done with it; one that ended before is told among its lines, since it may be why the test fails.</summary>
    private void CountCost()
    {
        if (Interlocked.Exchange(ref _counted, 1) != 0)
        {
            return;
        }

        if (_process.HasExited)
        {
            Keep($"(it ended by itself with {ExitCode})");
        }
        else
        {
            ProcessCosts.Ending(_owner, Id);
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            Interlocked.Decrement(ref _openStreams);
        }
        else if (_lines.Count < MaxLines)
        {
            _lines.Enqueue(line);
        }
    }
}
