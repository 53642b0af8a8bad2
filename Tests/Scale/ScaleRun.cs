namespace RegistryProxy.Tests.Scale;

/// <summary>Clusters of several sizes, one after the other.</summary>
internal static class ScaleRun
{
    /// <summary>Measures a cluster as its gateways become more.</summary>
    /// <param name="silos">Silos.</param>
    /// <param name="tenants">Tenants.</param>
    /// <param name="gateways">How many gateways, the fewest first.</param>
    /// <param name="size">How much is measured.</param>
    public static async Task<IReadOnlyList<ScaleRow>> Measure(int silos, int tenants, IReadOnlyList<int> gateways, ScaleSize size)
    {
        var empty = Cost.Heap;
        await using var cluster = await ScaleCluster.Start(silos, tenants);
        var alone = Cost.Heap;
        await IdleRate.Measure(size.Idle / 3);
        var silo = await IdleRate.Measure(size.Idle);
        List<ScaleRow> rows = [];
        foreach (var count in gateways)
        {
            await cluster.Grow(count);
            var heap = Cost.Heap;
            rows.Add(await new ScaleMeasurement(cluster, tenants, size).Run(alone - empty, heap - alone, silo));
        }

        var sessions = new SessionMeasurement(cluster);
        await sessions.Open(size.Sessions);
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i] = await sessions.Pull(rows[i]) with { IdleSilo = new(silo.Cpu / silos, silo.Bytes / silos) };
        }

        return rows;
    }
}
