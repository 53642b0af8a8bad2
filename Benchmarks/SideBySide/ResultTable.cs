using System.Globalization;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>Prints medians, ratios to ours, and which goals were not reached.</summary>
internal static class ResultTable
{
    private static readonly Goal[] Goals =
    [
        new(Measure.Streamed, "streamed blob, CPU s/GB", "GB/s", 0.85, 0.60, 0),
        new(Measure.CachedBlob, "cached blob, CPU s/GB", "GB/s", 0.56, 0.20, 0),
        new(Measure.CachedBlobHttp2, "cached blob by HTTP/2 without TLS, CPU s/GB", "GB/s", 0.56, 0.56, 0),
        new(Measure.StreamedTls, "streamed blob within TLS, CPU s/GB", "GB/s", 1.25, 1.0, 0, PeerIsMeasure: true),
        new(Measure.StreamedTlsHttp2, "streamed blob within TLS by HTTP/2, CPU s/GB", "GB/s", 1.25, 1.0, 0, PeerIsMeasure: true),
        new(Measure.CachedTls, "cached blob within TLS, CPU s/GB", "GB/s", 1.25, 1.0, 0, PeerIsMeasure: true),
        new(Measure.CachedTlsHttp2, "cached blob within TLS by HTTP/2, CPU s/GB", "GB/s", 1.25, 1.0, 0, PeerIsMeasure: true),
        new(Measure.CachedManifestTls, "cached manifest within TLS, CPU us/request", "requests/s", 2.5, 1.5, 0, PeerIsMeasure: true),
        new(Measure.CachedManifest, "cached manifest by tag, CPU us/request", "requests/s", 60, 60, 20_000),
        new(Measure.ColdRanges, "ranges of 64 KiB not here, x registry's time", "ranges/s", 1.2, 1.0, 0),
        new(Measure.CachedRanges, "ranges of 64 KiB cached, x registry's time", "ranges/s", 1.0, 1.0, 0),
        new(Measure.SlowReaders, "slow readers of a cached blob, KB each", "readers", 150, 150, 0),
    ];

    public static void Print(Dictionary<(Measure Measure, Peer Peer), List<Sample>> samples,
        List<(string Name, double Megabytes, double Limit)> idle, ComparisonOptions options)
    {
        Console.WriteLine(
            $"\n{options.BlobBytes / 1024 / 1024} MiB blob, {ComparisonOptions.Readers} readers; manifests " +
            $"over {ComparisonOptions.Connections} connections; medians of {options.Runs} alternating runs\n");
        foreach (var goal in Goals)
        {
            var rows = samples.Where(entry => entry.Key.Measure == goal.Measure)
                .Select(entry => (entry.Key.Peer, Cpu: Median(entry.Value, sample => sample.Cpu),
                    Rate: Median(entry.Value, sample => sample.Rate))).ToList();
            if (rows.Find(row => row.Peer.IsOurs) is not { Peer: not null } ours)
            {
                continue;
            }

            Line($"{goal.Title,-46}", "cost", "ratio", goal.Unit);
            foreach (var (peer, cpu, rate) in rows.OrderBy(row => row.Cpu))
            {
                Line($"  {peer.Name,-44}", Number(cpu), Number(cpu / ours.Cpu), Number(rate));
            }

            var less = rows.Where(row => !row.Peer.IsOurs && row.Cpu < ours.Cpu).Select(row => row.Peer.Name).ToList();
            Console.WriteLine(
                $"  {goal.Verdict(ours.Cpu, ours.Rate, rows.Where(row => !row.Peer.IsOurs).Select(row => row.Cpu))}" +
                $"{(less.Count > 0 ? $"; less in this run: {string.Join(", ", less)}" : "; least in this run")}\n");
        }

        foreach (var (name, megabytes, limit) in idle)
        {
            Console.WriteLine($"idle {name}: {megabytes:0} MB resident{(megabytes > limit ? $" - BEHIND: {limit:0} are allowed" : "")}");
        }
    }

    private static void Line(string name, params string[] cells) =>
        Console.WriteLine(name + string.Concat(cells.Select(cell => cell.PadLeft(12))));

    private static string Number(double value) =>
        value >= 100 ? value.ToString("#,0", CultureInfo.InvariantCulture) : value.ToString("0.00", CultureInfo.InvariantCulture);

    private static double Median(List<Sample> samples, Func<Sample, double> value)
    {
        var sorted = samples.Select(value).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>What a row must and should reach; with <paramref name="PeerIsMeasure"/> as multiples of the best peer.</summary>
    private sealed record Goal(
        Measure Measure, string Title, string Unit, double Must, double Should, double Rate, bool PeerIsMeasure = false)
    {
        public string Verdict(double cpu, double rate, IEnumerable<double> peers)
        {
            var cost = PeerIsMeasure ? cpu / peers.DefaultIfEmpty(double.PositiveInfinity).Min() : cpu;
            var unit = PeerIsMeasure ? " x the best peer" : "";
            return cost > Must ? $"BEHIND: at most {Must}{unit} is a must"
                : cost > Should ? $"behind the goal of {Should}{unit}"
                : rate < Rate ? $"behind the goal of {Rate:#,0} {Unit}"
                : "reached";
        }
    }
}
