using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>What a client is told when there is no token for an upstream.</summary>
internal static class TokenFailures
{
    /// <summary>Names the upstream as configured; never its address.</summary>
    public static DistributionError ErrorOf(Upstream upstream, UpstreamFailure failure) => failure.Kind switch
    {
        UpstreamFailureKind.Throttled =>
            DistributionError.TooManyRequests(Named(upstream, failure.Message), Math.Max(1, failure.RetryAfterSeconds)),
        UpstreamFailureKind.Unreachable =>
            DistributionError.Unavailable(503, Named(upstream, failure.Message), Math.Max(1, failure.RetryAfterSeconds)),
        _ when failure.IsLasting => DistributionError.BadGateway(Named(upstream, failure.Message)),
        UpstreamFailureKind.Refused =>
            DistributionError.Unavailable(502, Named(upstream, failure.Message), Math.Max(1, failure.RetryAfterSeconds))
                with { IsRefusedUpstream = true },
        _ => DistributionError.Unavailable(502, Named(upstream, failure.Message), Math.Max(1, failure.RetryAfterSeconds)),
    };

    private static string Named(Upstream upstream, string message) =>
        message.Contains($"'{upstream.Name}'", StringComparison.Ordinal) ? message : $"upstream '{upstream.Name}': {message}";
}
