using System.Diagnostics.Metrics;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>Counts, for <c>/metrics</c>, tokens of upstreams, and how often one could not be opened, and why.</summary>
internal sealed class UpstreamFailureMeter(IMeterFactory meters)
{
    private readonly Counter<long> _tokens = meters.Create("RegistryProxy.Grains").CreateCounter<long>(
        "registryproxy.grains.upstream_tokens", "{token}", "Tokens issued by token services of upstreams");

    private readonly Counter<long> _failures = meters.Create("RegistryProxy.Grains").CreateCounter<long>(
        "registryproxy.grains.upstream_failures", "{try}",
        "Failed attempts to authenticate at an upstream: challenge, credential, token service");

    /// <summary>A token service gave a token.</summary>
    public void Fetched(string upstream) => _tokens.Add(1, new KeyValuePair<string, object?>("upstream", upstream));

    public void Count(string upstream, UpstreamFailure failure) =>
        _failures.Add(1, new("upstream", upstream), new("reason", failure.Cause ?? failure.Kind switch
    {
        UpstreamFailureKind.Unreachable => "status",
        UpstreamFailureKind.Refused => "refused",
        UpstreamFailureKind.Throttled => "throttled",
        _ => "configuration",
    }));
}
