using System.Globalization;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>Prints what was measured.</summary>
internal static class ClusterTable
{
    public static void PrintLogins(List<ClusterResult> results)
    {
        Console.WriteLine($"\nlogins of nodes, {ClusterOptions.AtOnce} at once; each opens a session that is stored");
        Line("silos, gateways", "logins/s", "p50 ms", "p99 ms", "silo us", "gateway us");
        results.ForEach(row => Load(row, row.Logins, row.LoginCosts));
    }

    public static void PrintPulls(List<ClusterResult> results, MemoryResult memory)
    {
        Console.WriteLine($"\nwarm manifests over {ClusterOptions.Connections} connections, each asked of the upstream");
        Line("silos, gateways", "requests/s", "p50 ms", "p99 ms", "silo us", "gateway us", "grain calls");
        results.ForEach(row => Load(row, row.Pulls, row.PullCosts, row.GrainCalls.ToString("0.0000", CultureInfo.InvariantCulture)));

        Console.WriteLine("\nmemory, MB");
        Line("", "silo", "gateway");
        Line("10,000 sessions", Number(memory.Sessions.Silos), Number(memory.Sessions.Gateways));
        Line("1,000 upstream tokens", Number(memory.Tokens.Silos), Number(memory.Tokens.Gateways));
        Line("resident after both", Number(memory.Resident.Silos), Number(memory.Resident.Gateways));
    }

    private static void Load(ClusterResult row, LoadResult load, Parts costs, params string[] more) => Line(
        $"{row.Silos}, {row.Gateways}",
        [Number(load.Rate), Number(load.P50), Number(load.P99), Number(costs.Silos / load.Requests * 1e6),
            Number(costs.Gateways / load.Requests * 1e6), .. more]);

    private static void Line(string name, params string[] cells) =>
        Console.WriteLine($"  {name,-24}" + string.Concat(cells.Select(cell => cell.PadLeft(14))));

    private static string Number(double value) =>
        value >= 100 ? value.ToString("#,0", CultureInfo.InvariantCulture) : value.ToString("0.0", CultureInfo.InvariantCulture);
}
