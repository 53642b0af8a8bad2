using RegistryProxy.Egress;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>What a client is told when there is no token for an upstream, and operators where the silos do not.</summary>
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

    /// <summary>A request has no token, and others may have: it fares as one that the upstream itself fails, refuses or limits.</summary>
    /// <param name="failing">Tells operators.</param>
    /// <param name="upstream">The upstream.</param>
    /// <param name="scope">What was asked for.</param>
    /// <param name="failure">Why there is none; of one that is about the whole upstream the silos tell.</param>
    public static void Tell(FailingUpstreams failing, Upstream upstream, string scope, UpstreamFailure failure)
    {
        if (!failure.IsOfScope)
        {
            return;
        }

        var (name, address) = (upstream.Name, upstream.Address);
        switch (failure.Kind)
        {
            case UpstreamFailureKind.Refused or UpstreamFailureKind.Misconfigured:
                failing.Refused(name, address, failure.Detail, scope);
                break;
            case UpstreamFailureKind.Throttled:
                failing.Limited(
                    name, address, TimeSpan.FromSeconds(failure.RetryAfterSeconds), isAnswer: true, upstream.Account, failure.Detail);
                break;
            default:
                failing.Failed(name, address, new ExchangeFault(failure.Cause ?? "status", failure.Detail), scope);
                break;
        }
    }

    private static string Named(Upstream upstream, string message) =>
        message.Contains($"'{upstream.Name}'", StringComparison.Ordinal) ? message : $"upstream '{upstream.Name}': {message}";
}
