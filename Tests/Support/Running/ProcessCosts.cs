using System.Collections.Concurrent;
using System.Globalization;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>Processes that tests started, and the processor time these had used when they were ended.</summary>
internal readonly record struct ProcessCost(int Count, TimeSpan Cpu);

/// <summary>Which class of tests started how many processes, and what they cost.</summary>
internal static class ProcessCosts
{
    /// <summary>Of <c>/proc</c>, per second (sysconf(_SC_CLK_TCK)).</summary>
    private const double Ticks = 100;

    private static readonly ConcurrentDictionary<string, ProcessCost> Costs = new();

    /// <summary>The class that runs here.</summary>
    public static string Owner => TestContext.Current.TestClass?.TestClassName ?? "";

    public static IReadOnlyDictionary<string, ProcessCost> All => Costs;

    public static ProcessCost Of(string owner) => Costs.GetValueOrDefault(owner);

    public static void Started(string owner) =>
        Costs.AddOrUpdate(owner, new ProcessCost(1, TimeSpan.Zero), (_, cost) => cost with { Count = cost.Count + 1 });

    /// <summary>The same of one that had run for others before, which is not counted.</summary>
    public static void Started(string owner, int pid)
    {
        var before = Cpu(pid);
        Costs.AddOrUpdate(
            owner, new ProcessCost(1, -before), (_, cost) => new ProcessCost(cost.Count + 1, cost.Cpu - before));
    }

    /// <summary>To be called just before a process is ended; one that has ended by itself is not counted.</summary>
    public static void Ending(string owner, int pid)
    {
        try
        {
            var cpu = Cpu(pid);
            Costs.AddOrUpdate(owner, new ProcessCost(0, cpu), (_, cost) => cost with { Cpu = cost.Cpu + cpu });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It is gone.
        }
    }

    /// <summary>Of all processes that this one waited for, and of itself.</summary>
    public static (TimeSpan Own, TimeSpan Children) Whole()
    {
        var fields = Fields("self");
        return (Seconds(fields[11], fields[12]), Seconds(fields[13], fields[14]));
    }

    /// <summary>proc_pid_stat(5): utime, stime, and those of children that were waited for.</summary>
    private static TimeSpan Cpu(int pid)
    {
        var fields = Fields(pid.ToString(CultureInfo.InvariantCulture));
        return Seconds(fields[11], fields[12], fields[13], fields[14]);
    }

    /// <summary>Those behind the name, which may hold blanks.</summary>
    private static string[] Fields(string pid)
    {
        var text = File.ReadAllText($"/proc/{pid}/stat");
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static TimeSpan Seconds(params string[] fields) =>
        TimeSpan.FromSeconds(fields.Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / Ticks);
}
