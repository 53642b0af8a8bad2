namespace RegistryProxy.Tests.Scale;

/// <summary>Clusters of several sizes, one after the other.</summary>
internal static class ScaleRun
{
    private const double Mega = 1e6;

    /// <summary>Measures a cluster as its gateways become more.</summary>
    /// <param name="silos">Silos.</param>
    /// <param name="tenants">Tenants.</param>
    /// <param name="gateways">How many gateways, the fewest first.</param>
    /// <param name="size">How much is measured.</param>
    public static async Task<IReadOnlyList<ScaleRow>> Measure(int silos, int tenants, IReadOnlyList<int> gateways, ScaleSize size)
    {
        List<ScaleRow> rows = [];
        double siloHeap;
        await using (var cluster = await ScaleCluster.Start(silos, tenants))
        {
            await IdleRate.Measure(size.Idle / 3);
            var silo = await IdleRate.Measure(size.Idle);
            var (heap, before) = (Cost.Heap, 0);
            foreach (var count in gateways)
            {
                await cluster.Grow(count);
                var grown = Cost.Heap;
                rows.Add(await new ScaleMeasurement(cluster, tenants, size).Run(silo) with
                {
                    IdleSilo = new(silo.Cpu / silos, silo.Bytes / silos),
                    GatewayHeap = (grown - heap) / (count - before) / Mega,
                });
                (heap, before) = (Cost.Heap, count);
            }

            var sessions = new SessionMeasurement(cluster);
            await sessions.Open(size.Sessions);
            for (var i = 0; i < rows.Count; i++)
            {
                rows[i] = await sessions.Pull(rows[i]);
            }

            await cluster.Shrink();
            siloHeap = Cost.Heap;
        }

        // What silos had is free when they are gone.
        siloHeap = (siloHeap - Cost.Heap) / silos / Mega;
        return rows.ConvertAll(row => row with { SiloHeap = siloHeap });
    }
}
