using System.Diagnostics.Metrics;

namespace RegistryProxy.Gateway.Telemetry;

/// <summary>Counts what the gateway asks the cluster; a warm request asks nothing.</summary>
internal sealed class GrainCallMeter
{
    private readonly Counter<long> _calls;

    public GrainCallMeter(IMeterFactory meters) =>
        _calls = meters.Create("RegistryProxy.Gateway").CreateCounter<long>(
            "registryproxy.gateway.grain_calls", "{call}", "Calls from this gateway to grains");

    /// <param name="grain">One of <c>login</c>, <c>session</c>, <c>upstream_token</c>, <c>snapshot</c>, <c>cache</c>, <c>fetch</c>.</param>
    public void Count(string grain) => _calls.Add(1, new KeyValuePair<string, object?>("grain", grain));
}
