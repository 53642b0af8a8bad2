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
            peers = await new PeerStarter(folder, upstream.Url).All();
            peers = [.. peers.Where(peer => peer.IsOurs || peer.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase))];
            await Task.Delay(2000);
            var idle = peers.ToDictionary(peer => peer, peer => peer.Process.ResidentMegabytes());
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

    private static async Task<Dictionary<(Measure, Peer), List<Sample>>> Measure(List<Peer> peers, UpstreamRegistry upstream, ComparisonOptions options)
    {
        // Twice: the first fetch fills caches and compiles, the second compiles again with what was learned.
        foreach (var peer in peers.Concat(peers))
        {
            await Load.Verify(peer, upstream);
            await Load.Blob(peer, upstream, options);
        }

        Dictionary<(Measure, Peer), List<Sample>> samples = [];
        for (var run = 0; run < options.Runs; run++)
        {
            foreach (var measure in Enum.GetValues<Measure>())
            {
                foreach (var peer in peers.Where(peer => peer.Measures.Contains(measure)))
                {
                    var sample = measure == SideBySide.Measure.CachedManifest
                        ? await Load.Manifest(peer, options)
                        : await Load.Blob(peer, upstream, options);
                    (samples.TryGetValue((measure, peer), out var list) ? list : samples[(measure, peer)] = []).Add(sample);
                }
            }

            Console.WriteLine($"run {run + 1} of {options.Runs}");
        }

        return samples;
    }
}
