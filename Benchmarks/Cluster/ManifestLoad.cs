using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>
/// The same manifest, again and again, through every gateway at once: what nodes do that pull an image that others pulled before.
/// </summary>
internal static partial class ManifestLoad
{
    public static async Task<LoadResult> Run(MeasuredCluster cluster, int seconds)
    {
        using var http = new HttpClient();
        var proof = cluster.Issuer.Sign("puller");
        var runs = await Task.WhenAll(cluster.Gateways.Select(async gateway =>
        {
            var token = await NodeFleet.Token(http, gateway, proof, "app/0");
            return Read(await Wrk($"-c{Math.Max(1, ClusterOptions.Connections / cluster.Gateways.Count)}", $"-d{seconds}s", "-H",
                $"Authorization: Bearer {token}", $"{gateway}/v2/app/0/manifests/v1"));
        }));
        return new LoadResult(runs.Sum(run => run.Requests), runs.Sum(run => run.Rate), runs.Max(run => run.P50), runs.Max(run => run.P99));
    }

    private static LoadResult Read(string text) => text.Contains("Non-2xx")
        ? throw new InvalidOperationException($"manifests were answered wrongly:\n{text}")
        : new LoadResult(Number(Requests().Match(text)), Number(Rate().Match(text)), Milliseconds(Median().Match(text)),
            Milliseconds(Latency().Match(text)));

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static double Milliseconds(Match match) => Number(match) * match.Groups[2].Value switch
    {
        "us" => 0.001,
        "s" => 1000,
        _ => 1,
    };

    private static async Task<string> Wrk(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("wrk", ["-t1", "--latency", .. arguments]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"50%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex Median();

    [GeneratedRegex(@"99%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex Latency();
}
