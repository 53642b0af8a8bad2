using System.Globalization;

namespace RegistryProxy.Tests.Scale;

/// <summary>What clusters of several sizes cost, and with which exponent that grows: 0 is constant, 1 proportional.</summary>
internal sealed class ScaleTable(string grows, Func<ScaleRow, int> sizeOf, IReadOnlyList<ScaleRow> rows)
{
    private static readonly (string Name, Func<ScaleRow, double> Value)[] Lines =
    [
        ("edit: sent to each gateway, bytes", row => row.EditBytes),
        ("edit: CPU of the whole cluster, ms", row => row.EditCpu),
        ("warm pull: grain calls", row => row.CallsPerPull),
        ("lease: renewals of each gateway", row => row.RenewalsPerLease),
        ("idle: whole cluster, % of a core", row => row.Idle.Cpu * 100),
        ("idle: whole cluster, MB/s allocated", row => row.Idle.Bytes / 1e6),
        ("idle: one silo, % of a core", row => row.IdleSilo.Cpu * 100),
        ("idle: one silo, MB/s allocated", row => row.IdleSilo.Bytes / 1e6),
        ("idle: one gateway more, % of a core", row => row.IdleGateway.Cpu * 100),
        ("idle: one gateway more, MB/s allocated", row => row.IdleGateway.Bytes / 1e6),
        ("pushes told, each twice, per second", row => row.Writes),
        ("a push told twice: CPU, µs", row => row.WriteCpu),
        ("limit of 100/s, 300/s asked for: % served", row => row.LimitServed * 100),
        ("… questions of a gateway, per second", row => row.LimitQuestions),
        ("… whole cluster, % of a core", row => row.LimitCpu * 100),
        ("operators' overview: CPU, ms", row => row.OverviewCpu),
        ("gateways' reports of tenants, MB", row => row.Reports),
        ("a silo with 20,000 sessions, MB", row => row.SiloHeap),
        ("one gateway more, MB", row => row.GatewayHeap),
    ];

    /// <summary>The table, as documents have it.</summary>
    public override string ToString()
    {
        var head = $"| {grows} | {string.Join(" | ", rows.Select(row => sizeOf(row).ToString(CultureInfo.InvariantCulture)))} | exponent |";
        return string.Join('\n', [
            head, string.Concat(Enumerable.Repeat("|---", rows.Count + 2)) + "|",
            .. Lines.Select(line =>
                $"| {line.Name} | {string.Join(" | ", rows.Select(row => Number(line.Value(row))))} | {Number(Exponent(line.Value))} |"),
        ]);
    }

    /// <summary>The slope of the line through the points on logarithmic axes, by least squares; 0 when there is none.</summary>
    public double Exponent(Func<ScaleRow, double> value)
    {
        var points = rows.Where(row => value(row) > 0).Select(row => (X: Math.Log(sizeOf(row)), Y: Math.Log(value(row)))).ToList();
        if (points.Count < 2)
        {
            return 0;
        }

        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        return points.Sum(point => (point.X - x) * (point.Y - y)) / points.Sum(point => (point.X - x) * (point.X - x));
    }

    private static string Number(double value) => value.ToString(
        Math.Abs(value) switch { >= 1000 => "#,0", >= 10 => "0", >= 1 => "0.0", 0 => "0", _ => "0.00" }, CultureInfo.InvariantCulture);
}
