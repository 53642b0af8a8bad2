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
    private readonly WarmHost? _warm;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string _owner = ProcessCosts.Owner;
    private int _counted;
    private int _openStreams = 2;
    private long _exitSeen;
    private int _exitCode = int.MinValue;
    private int _given;

    private ChildProcess(Process process, WarmHost? warm = null) => (_process, _warm) = (process, warm);

    public int Id => _process.Id;

    /// <summary>
    /// Whether it ended and everything that it wrote was read; a process of its own that goes on may keep its output open, and is not
    /// waited for.
    /// </summary>
    public bool HasExited
    {
        get
        {
            if (HasEnded || !_process.HasExited)
            {
                return HasEnded;
            }

            Interlocked.CompareExchange(ref _exitSeen, Stopwatch.GetTimestamp(), 0);
            return Volatile.Read(ref _openStreams) <= 0 || Stopwatch.GetElapsedTime(_exitSeen) > Drained;
        }
    }

    public int ExitCode => HasEnded ? Volatile.Read(ref _exitCode) : _process.ExitCode;

    /// <summary>Whether the run of a program has, in a process that goes on.</summary>
    private bool HasEnded => Volatile.Read(ref _exitCode) != int.MinValue;

    /// <summary>What it wrote so far.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public string Output => string.Join('\n', _lines);

    public static ChildProcess Start(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        List<string> words = [.. arguments];
        if (environment.Length == 0 && WarmHost.Takes(program, words))
        {
            var warm = WarmHost.Take(words[0]);
            var run = new ChildProcess(warm.Process, warm);
            ProcessCosts.Started(run._owner, warm.Process.Id);
            ServerOutput.Started(NameOf(program, words), () => run._lines);
            warm.Run(words.Skip(1), run);
            return run;
        }

        var child = new ChildProcess(new Process { StartInfo = StartOf(program, words, environment) });
        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        Launcher.Run(() => child._process.Start());
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        ProcessCosts.Started(child._owner);
        ServerOutput.Started(NameOf(program, words), () => child._lines);
        return child;
    }

    /// <summary>How a program is started as a child.</summary>
    public static ProcessStartInfo StartOf(
        string program, IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment)
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

        return start;
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
        if (HasEnded)
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }

    /// <summary>Ends it as quickly as may be, where nothing depends on how: a process that can run again is not killed.</summary>
    public async Task Release()
    {
        if (_warm is null)
        {
            Kill();
        }

        await End(TimeSpan.FromSeconds(2));
    }

    public async ValueTask DisposeAsync() => await End(TimeSpan.FromSeconds(10));

    /// <summary>It wrote a line, or closed one of its outputs.</summary>
    internal void Keep(string? line)
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

    /// <summary>The run has ended, and the process goes on.</summary>
    internal void End(int exitCode) => Volatile.Write(ref _exitCode, exitCode);

    private async Task End(TimeSpan patience)
    {
        if (Volatile.Read(ref _given) != 0)
        {
            return;
        }

        CountCost();
        if (!HasEnded && !_process.HasExited)
        {
            try
            {
                await Terminate(patience);
            }
            catch (TimeoutException)
            {
                Kill();
            }
        }

        if (Interlocked.Exchange(ref _given, 1) != 0)
        {
            return;
        }

        if (_warm is not null && HasEnded)
        {
            _warm.GiveBack();
        }
        else
        {
            _process.Dispose();
        }
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

        if (HasEnded || _process.HasExited)
        {
            Keep($"(it ended by itself with {ExitCode})");
        }
        else
        {
            ProcessCosts.Ending(_owner, Id);
        }
    }
}
