using System.Globalization;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>Holds the machine at a share of its CPU time, whatever else runs: who makes load pauses as long as it says.</summary>
internal sealed class MachineGovernor(double share) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(0.2);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _end = new();
    private readonly (long Busy, long All) _began = Read();
    private long _pause = Shortest.Ticks;
    private Task _looking = Task.CompletedTask;

    public static MachineGovernor Start(double share)
    {
        var governor = new MachineGovernor(share);
        governor._looking = governor.Adjust();
        return governor;
    }

    /// <summary>Of all cores since it was started.</summary>
    public double Held => Share(_began, Read());

    /// <summary>To be called between two pieces of work.</summary>
    public Task Pause() => Task.Delay(TimeSpan.FromTicks(Volatile.Read(ref _pause)));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _looking;
        _end.Dispose();
    }

    private async Task Adjust()
    {
        for (var last = _began; !_end.IsCancellationRequested;)
        {
            await Task.Delay(Look, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = Read();
            var busy = Share(last, now);
            var pause = TimeSpan.FromTicks(_pause) * Math.Clamp(1 + ((busy - share) * 2), 0.5, 1.5);
            Volatile.Write(ref _pause, Math.Clamp(pause.Ticks, Shortest.Ticks, Longest.Ticks));
            last = now;
        }
    }

    private static double Share((long Busy, long All) from, (long Busy, long All) to) =>
        (double)(to.Busy - from.Busy) / Math.Max(1, to.All - from.All);

    /// <summary>The first line of <c>/proc/stat</c>: user, nice, system, idle, iowait, irq, softirq, steal.</summary>
    private static (long Busy, long All) Read()
    {
        var numbers = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
            .Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        var all = numbers.Sum();
        return (all - numbers[3] - numbers[4], all);
    }
}
