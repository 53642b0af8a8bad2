namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>
/// Measures clusters of several sizes on one machine. They share its processors, so what adds up when machines are added is the CPU time of
/// each request, as the kernel counts it for each process; rates and latencies are those of this machine, as it was.
/// </summary>
internal static class ClusterBenchmark
{
    public static async Task<int> Run(ClusterOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("registryproxy-bench-").FullName;
        try
        {
            await using var upstream = await BearerUpstream.Start();
            List<ClusterResult> results = [];
            foreach (var (silos, gateways) in options.Sizes)
            {
                await using var cluster = await MeasuredCluster.Start(
                    Path.Combine(folder, $"{silos}-{gateways}"), upstream.Url, silos, gateways);
                results.Add(await Measure(cluster, options));
                Console.WriteLine($"measured {silos} silos, {gateways} gateways");
                ClusterTable.PrintLogins([results[^1]]);
            }

            ClusterTable.PrintLogins(results);
            if (!options.LoginsAlone)
            {
                await using var single = await MeasuredCluster.Start(Path.Combine(folder, "memory"), upstream.Url, 1, 1);
                ClusterTable.PrintPulls(results, await Memory(single, options));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ClusterResult> Measure(MeasuredCluster cluster, ClusterOptions options)
    {
        // The first rounds compile and fill what is kept; they do not count.
        await Warm(cluster, options);
        if (!options.LoginsAlone)
        {
            await ManifestLoad.Run(cluster, options.Seconds);
        }

        var costs = cluster.Cpu();
        var logins = await NodeFleet.LogIn(cluster, "node", options.Logins);
        var loginCosts = cluster.Cpu() - costs;
        if (options.LoginsAlone)
        {
            return new ClusterResult(cluster.Silos, cluster.Gateways.Count, logins, loginCosts, default, default, 0);
        }

        var calls = await cluster.GrainCalls();
        costs = cluster.Cpu();
        var pulls = await ManifestLoad.Run(cluster, options.Seconds);
        var pullCosts = cluster.Cpu() - costs;
        return new ClusterResult(cluster.Silos, cluster.Gateways.Count, logins, loginCosts, pulls, pullCosts,
            (await cluster.GrainCalls() - calls) / pulls.Requests);
    }

    /// <summary>Logins until they get no cheaper: until then processes compile what they run.</summary>
    private static async Task Warm(MeasuredCluster cluster, ClusterOptions options)
    {
        var (cost, last) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < options.WarmRounds && (round < 3 || cost < last * 0.95); round++)
        {
            (last, var began) = (cost, cluster.Cpu());
            await NodeFleet.LogIn(cluster, $"warm-{round}", options.WarmLogins);
            var costs = cluster.Cpu() - began;
            cost = costs.Silos + costs.Gateways;
        }
    }

    /// <summary>What silos and gateways grow by.</summary>
    private static async Task<MemoryResult> Memory(MeasuredCluster cluster, ClusterOptions options)
    {
        await NodeFleet.LogIn(cluster, "warm", options.Sessions / 4);
        await NodeFleet.Pull(cluster, "warm", options.Tokens);
        var empty = await cluster.Heap();
        await NodeFleet.LogIn(cluster, "node", options.Sessions);
        var sessions = await cluster.Heap();
        await NodeFleet.Pull(cluster, "app", options.Tokens);
        var tokens = await cluster.Heap();
        return new MemoryResult(sessions - empty, tokens - sessions, cluster.Resident());
    }
}

/// <summary>CPU seconds, or megabytes, of all silos and of all gateways.</summary>
internal readonly record struct Parts(double Silos, double Gateways)
{
    public static Parts operator -(Parts one, Parts other) => new(one.Silos - other.Silos, one.Gateways - other.Gateways);
}

/// <summary>What a load reached.</summary>
/// <param name="Requests">How many were answered.</param>
/// <param name="Rate">How many in a second.</param>
/// <param name="P50">Milliseconds that half of them took at most.</param>
/// <param name="P99">Milliseconds that 99 of 100 took at most.</param>
internal readonly record struct LoadResult(double Requests, double Rate, double P50, double P99);

internal sealed record ClusterResult(
    int Silos, int Gateways, LoadResult Logins, Parts LoginCosts, LoadResult Pulls, Parts PullCosts, double GrainCalls);

/// <summary>Megabytes of live objects for the sessions and the tokens, and what is resident after both.</summary>
internal sealed record MemoryResult(Parts Sessions, Parts Tokens, Parts Resident);
