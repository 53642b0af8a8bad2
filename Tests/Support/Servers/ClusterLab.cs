using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Gateway.Cluster;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A gateway's client of a cluster, without the gateway.</summary>
internal static class ClusterLab
{
    private static readonly GrainCallMeter Calls =
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    public static ClusterClient Client(IGrainFactory grains, Relays relays, TimeProvider time) =>
        new(grains, relays, new SiloProbe(grains, relays, time), new ClusterContact(), Calls, time);
}
