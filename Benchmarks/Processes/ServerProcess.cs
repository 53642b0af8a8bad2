using System.Diagnostics;
using System.Globalization;

namespace RegistryProxy.Benchmarks.Processes;

/// <summary>A server under measurement, with its children. It dies with the benchmark.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary><c>USER_HZ</c>, which is 100 on every Linux.</summary>
    private const double TicksPerSecond = 100;

    private readonly Process _process;
    private readonly string _log;

    private ServerProcess(Process process, string log) => (_process, _log) = (process, log);

    public static ServerProcess Start(string log, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("setpriv");
        string[] line = ["--pdeathsig", "KILL", "sh", "-c", "exec \"$@\" >\"$0\" 2>&1", log, program, .. arguments];
        foreach (var argument in line)
        {
            start.ArgumentList.Add(argument);
        }

        return new ServerProcess(Launcher.Start(start), log);
    }

    /// <summary>User and system time of the process and its children until now.</summary>
    public double CpuSeconds() => Tree().Sum(id => (Stat(id)[11] + Stat(id)[12]) / TicksPerSecond);

    /// <summary>Resident memory of the process and its children.</summary>
    public double ResidentMegabytes() => Tree().Sum(id => Stat(id)[21] * Environment.SystemPageSize) / 1e6;

    /// <summary>Waits until it answers at an address, whatever it says.</summary>
    public async Task<ServerProcess> Ready(string url)
    {
        using var http = AnyCertificate.Client();
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                using var response = await http.GetAsync(url);
                return this;
            }
            catch (HttpRequestException) when (watch.Elapsed < TimeSpan.FromSeconds(30) && !_process.HasExited)
            {
                // Not yet.
            }
            catch (HttpRequestException)
            {
                throw new InvalidOperationException($"{url} does not answer:\n{File.ReadAllText(_log)}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private List<int> Tree()
    {
        List<int> tree = [_process.Id];
        var all = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
            .Where(id => id > 0).ToList();
        for (var at = 0; at < tree.Count; at++)
        {
            tree.AddRange(all.Where(id => Stat(id) is { Length: > 1 } stat && (int)stat[1] == tree[at]));
        }

        return tree;
    }

    /// <summary>
    /// The numbers of <c>/proc/PID/stat</c> after the name: the parent is the second, CPU times are the 12th and 13th, pages the 22nd.
    /// </summary>
    private static double[] Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ')
                .Select(word => double.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : 0)];
        }
        catch (IOException)
        {
            return new double[52];
        }
    }
}
