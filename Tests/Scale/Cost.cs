using System.Diagnostics;

namespace RegistryProxy.Tests.Scale;

/// <summary>What this process spends, and what is left when it does nothing else.</summary>
/// <param name="Cpu">CPU seconds in a second.</param>
/// <param name="Bytes">Bytes allocated in a second.</param>
internal readonly record struct IdleRate(double Cpu, double Bytes)
{
    /// <summary>The least of three spans in which nothing is done: what else the machine does makes it more, never less.</summary>
    public static async Task<IdleRate> Measure(TimeSpan span)
    {
        List<IdleRate> rates = [];
        for (var i = 0; i < 3; i++)
        {
            var cost = Cost.Now;
            await Task.Delay(span);
            var spent = Cost.Now - cost;
            rates.Add(new(spent.Cpu / spent.Seconds, spent.Bytes / spent.Seconds));
        }

        return new(rates.Min(rate => rate.Cpu), rates.Min(rate => rate.Bytes));
    }
}

/// <summary>What this process has spent.</summary>
/// <param name="Seconds">Of time.</param>
/// <param name="Cpu">Of its processors.</param>
/// <param name="Bytes">Allocated.</param>
internal readonly record struct Cost(double Seconds, double Cpu, double Bytes)
{
    public static Cost Now => new(
        Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency, Environment.CpuUsage.TotalTime.TotalSeconds,
        GC.GetTotalAllocatedBytes());

    /// <summary>What is alive, in bytes.</summary>
    public static double Heap
    {
        get
        {
            for (var i = 0; i < 2; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }

            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }

    public static Cost operator -(Cost one, Cost other) => new(one.Seconds - other.Seconds, one.Cpu - other.Cpu, one.Bytes - other.Bytes);

    /// <summary>CPU seconds beyond what it spends doing nothing.</summary>
    public double CpuBeyond(IdleRate idle) => Math.Max(0, Cpu - (idle.Cpu * Seconds));
}
