using RegistryProxy.Benchmarks.Cluster;
using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.SideBySide;

/// <summary>
/// Measures the front door beside its peers before the same upstream. Runs alternate, so that whatever else the machine does meets all of
/// them; what counts is the CPU time of the server processes as the kernel counts it, and medians.
/// </summary>
internal static class Comparison
{
    public static async Task<int> Run(ComparisonOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("registryproxy-bench-").FullName;
        List<Peer> peers = [];
        try
        {
            await using var upstream = await UpstreamRegistry.Start(folder, options.BlobBytes);
            AnyCertificate.Write(folder);
            peers = await new PeerStarter(folder, upstream.Url).All();
            peers = [.. peers.Where(peer => peer.IsOurs || peer.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase))];
            var gateway = await IdleGateway(folder, upstream.Url);
            var idle = peers.Where(peer => peer.IsOurs)
                .Select(peer => ($"Standalone ({peer.Name})", peer.Process.ResidentMegabytes(), 150.0))
                .Append(("Gateway", gateway, 110 * 1.048576)).ToList();
            var samples = await Measure(peers, upstream, options);
            ResultTable.Print(samples, idle, options);
            return 0;
        }
        finally
        {
            foreach (var peer in peers)
            {
                await peer.Process.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Megabytes of a gateway in its cluster, ten seconds after it is ready: what starting needed has been given back by then.
    /// </summary>
    private static async Task<double> IdleGateway(string folder, string upstream)
    {
        await using var cluster = await MeasuredCluster.Start(Path.Combine(folder, "cluster"), upstream, silos: 1, gateways: 1);
        await Task.Delay(TimeSpan.FromSeconds(10));
        return cluster.Resident().Gateways;
    }

    private static async Task<Dictionary<(Measure, Peer), List<Sample>>> Measure(
        List<Peer> peers, UpstreamRegistry upstream, ComparisonOptions options)
    {
        // Twice: the first fetch fills caches and compiles, the second compiles again with what was learned.
        foreach (var peer in peers.Concat(peers))
        {
            await Load.Verify(peer, upstream);
            await Load.Blob(peer, upstream, options);
        }

        foreach (var peer in peers.Where(peer => peer.Measures.Contains(SideBySide.Measure.CachedManifest)
            || peer.Measures.Contains(SideBySide.Measure.CachedManifestTls)))
        {
            await Load.WarmManifest(peer, options);
        }

        Dictionary<(Measure, Peer), List<Sample>> samples = [];
        for (var run = 0; run < options.Runs; run++)
        {
            // What connections took is not given back to the system at once: a second look would find nothing.
            foreach (var measure in Enum.GetValues<Measure>()
                .Where(measure => measure != SideBySide.Measure.SlowReaders || samples.Keys.All(key => key.Item1 != measure)))
            {
                foreach (var peer in peers.Where(peer => peer.Measures.Contains(measure)))
                {
                    var sample = await Run(measure, peer, upstream, options);
                    (samples.TryGetValue((measure, peer), out var list) ? list : samples[(measure, peer)] = []).Add(sample);
                }
            }

            Console.WriteLine($"run {run + 1} of {options.Runs}");
        }

        return samples;
    }

    private static Task<Sample> Run(Measure measure, Peer peer, UpstreamRegistry upstream, ComparisonOptions options) => measure switch
    {
        SideBySide.Measure.CachedManifest or SideBySide.Measure.CachedManifestTls => Load.Manifest(peer, options),
        SideBySide.Measure.ColdRanges => RangeLoad.Measure(peer, upstream, upstream.UnfetchedPath, options),
        SideBySide.Measure.CachedRanges => RangeLoad.Measure(peer, upstream, upstream.BlobPath, options),
        SideBySide.Measure.SlowReaders => SlowReaders.Measure(peer, upstream, options),
        SideBySide.Measure.CachedBlobHttp2 or SideBySide.Measure.StreamedTlsHttp2 or SideBySide.Measure.CachedTlsHttp2 =>
            Load.Blob(peer, upstream, options, http2: true),
        _ => Load.Blob(peer, upstream, options),
    };
}
