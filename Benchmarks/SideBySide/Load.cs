using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>One run of load on a peer, and what it cost.</summary>
internal static partial class Load
{
    /// <summary>CPU seconds per gigabyte while several readers fetch the blob at once.</summary>
    public static async Task<Sample> Blob(Peer peer, UpstreamRegistry upstream, ComparisonOptions options, bool http2 = false)
    {
        var authorization = await peer.Authorization();
        var before = peer.Process.CpuSeconds();
        var watch = Stopwatch.StartNew();
        var sizes = await Task.WhenAll(Enumerable.Range(0, ComparisonOptions.Readers).Select(_ => Run(
            "curl", ["-sSk", !http2 ? "--http1.1" : peer.IsEncrypted ? "--http2" : "--http2-prior-knowledge", "-o", "/dev/null",
                "-w", "%{http_code} %{size_download}", .. Header(authorization), peer.Url + upstream.BlobPath])));
        var (seconds, cpu) = (watch.Elapsed.TotalSeconds, peer.Process.CpuSeconds() - before);
        foreach (var size in sizes)
        {
            Require(size == $"200 {options.BlobBytes}", peer, size);
        }

        var gigabytes = (double)options.BlobBytes * ComparisonOptions.Readers / 1e9;
        return new Sample(cpu / gigabytes, gigabytes / seconds);
    }

    /// <summary>
    /// Asks until the compiler of the runtime is done, as far as the cost tells: three seconds in a row within 5 %, or 30 seconds.
    /// </summary>
    public static async Task WarmManifest(Peer peer, ComparisonOptions options)
    {
        var second = options with { Seconds = 1 };
        List<double> costs = [];
        while (costs.Count < 30 && !(costs.Count >= 5 && costs[^3..].Max() <= 1.05 * costs[^3..].Min()))
        {
            costs.Add((await Manifest(peer, second)).Cpu);
        }
    }

    /// <summary>CPU microseconds per request while many connections ask for the manifest by tag.</summary>
    public static async Task<Sample> Manifest(Peer peer, ComparisonOptions options)
    {
        var authorization = await peer.Authorization();
        var before = peer.Process.CpuSeconds();
        var text = await Run(
            "wrk", ["-t1", $"-c{ComparisonOptions.Connections}", $"-d{options.Seconds}s", .. Header(authorization), "-H",
                $"Accept: {UpstreamRegistry.MediaType}",
            peer.Url + UpstreamRegistry.ManifestPath]);
        var cpu = peer.Process.CpuSeconds() - before;
        Require(!text.Contains("Non-2xx"), peer, text);
        var requests = double.Parse(Requests().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);
        var rate = double.Parse(Rate().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Sample(cpu / requests * 1e6, rate);
    }

    /// <summary>Fetches blob and manifest, and makes sure that they are what the upstream has.</summary>
    public static async Task Verify(Peer peer, UpstreamRegistry upstream)
    {
        using var http = AnyCertificate.Client();
        http.Timeout = TimeSpan.FromMinutes(5);
        if (await peer.Authorization() is { } authorization)
        {
            http.DefaultRequestHeaders.Add("Authorization", authorization["Authorization: ".Length..]);
        }

        http.DefaultRequestHeaders.Add("Accept", UpstreamRegistry.MediaType);
        using (var manifest = await http.GetAsync(peer.Url + UpstreamRegistry.ManifestPath))
        {
            Require(manifest.IsSuccessStatusCode, peer, $"{manifest.StatusCode}: {await manifest.Content.ReadAsStringAsync()}");
        }

        await using var body = await http.GetStreamAsync(peer.Url + upstream.BlobPath);
        Require($"sha256:{Convert.ToHexStringLower(await SHA256.HashDataAsync(body))}" == upstream.Digest, peer, "the blob is another one");
    }

    private static string[] Header(string? authorization) => authorization is null ? [] : ["-H", authorization];

    private static async Task<string> Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    private static void Require(bool condition, Peer peer, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"{peer.Name} answered wrongly: {what}");
        }
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();
}

/// <summary>One measurement.</summary>
/// <param name="Cpu">CPU seconds per GB, or microseconds per request.</param>
/// <param name="Rate">GB/s, or requests per second, on the machine as it was at the time.</param>
internal readonly record struct Sample(double Cpu, double Rate);
