using System.Diagnostics.Metrics;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Counts, for <c>/metrics</c>, how often upstreams could not be opened, and why.</summary>
internal sealed class UpstreamFailureMeter(IMeterFactory meters)
{
    private readonly Counter<long> _failures = meters.Create("RegistryProxy.Grains").CreateCounter<long>(
        "registryproxy.grains.upstream_failures", "{try}",
        "Tries to open an upstream that failed: how it asks, its credential, its token service");

    public void Count(string upstream, UpstreamFailure failure) =>
        _failures.Add(1, new("upstream", upstream), new("reason", failure.Cause ?? failure.Kind switch
    {
        UpstreamFailureKind.Unreachable => "status",
        UpstreamFailureKind.Refused => "refused",
        UpstreamFailureKind.Throttled => "throttled",
        _ => "configuration",
    }));
}
