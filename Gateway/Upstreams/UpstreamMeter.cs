using System.Diagnostics.Metrics;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Counts what becomes of downloads, for <c>/metrics</c>.</summary>
internal sealed class UpstreamMeter
{
    private long _resumed;

    public UpstreamMeter(IMeterFactory meters) => meters.Create("RegistryProxy.Gateway").CreateObservableCounter(
        "registryproxy.gateway.resumed", () => Volatile.Read(ref _resumed), "{download}",
        "Downloads that an upstream cut and that went on where they were");

    public void Resumed() => Interlocked.Increment(ref _resumed);
}
