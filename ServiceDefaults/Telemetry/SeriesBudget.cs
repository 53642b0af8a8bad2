using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>
/// How many series each of our metrics may have. What is too many is counted together, under <c>otel_metric_overflow="true"</c>; a series
/// that is there stays until the process ends.
/// </summary>
internal static class SeriesBudget
{
    /// <summary>All series of ours that a process shows, with 1,000 tenants and however many more.</summary>
    public const int MaxSeries = 20_000;

    /// <summary>Sets of labels of a metric that is not named below.</summary>
    private const int Usual = 10;

    /// <summary>One set without labels, and one for what is too many.</summary>
    private const int Besides = 2;

    private static readonly Dictionary<string, Share> Shares = new()
    {
        // Seven of each of 1,000 tenants (pull 2xx to 5xx, push 2xx, token 2xx, all others), and the pool of TenantMeter.
        ["registryproxy.gateway.requests"] = new(7_300),
        ["registryproxy.gateway.tenant_duration"] = new(1_000, [0.5, 5]),
        ["registryproxy.gateway.received"] = new(1_000),
        ["registryproxy.gateway.sent"] = new(1_000),
        // Two of each tenant: by rules, and for all other reasons.
        ["registryproxy.gateway.denied"] = new(2_100),
        ["registryproxy.gateway.limited"] = new(1_060),
        ["registryproxy.gateway.request_duration"] = new(12, [0.005, 0.02, 0.1, 0.5, 2, 10, 60]),
        ["registryproxy.gateway.logins"] = new(100),
        ["registryproxy.gateway.upstream_requests"] = new(240),
        ["registryproxy.gateway.upstream_duration"] = new(60, [0.05, 0.25, 1, 5]),
        ["registryproxy.gateway.upstream_failures"] = new(130),
        ["registryproxy.gateway.upstream_spared"] = new(80),
        ["registryproxy.gateway.upstream_failing"] = new(90),
        ["registryproxy.gateway.upstream_breaker_open"] = new(60),
        ["registryproxy.gateway.upstream_limit_remaining"] = new(60),
        ["registryproxy.grains.upstream_failures"] = new(120),
        ["registryproxy.grains.upstream_failing"] = new(90),
        ["registryproxy.grains.upstream_tokens"] = new(60),
        ["registryproxy.authenticator.failures"] = new(60),
        ["registryproxy.authenticator.failing"] = new(44),
        ["registryproxy.configuration.unusable"] = new(40),
        ["registryproxy.listen.tls_handshake.duration"] = new(5, [0.01, 0.1, 1, 5]),
        ["registryproxy.state.records"] = new(70),
        ["registryproxy.state.refused_records"] = new(70),
    };

    /// <summary>How an instrument of ours is kept.</summary>
    public static MetricStreamConfiguration Of(Instrument instrument)
    {
        var share = ShareOf(instrument.Name);
        return share.Bounds is { } bounds
            ? new ExplicitBucketHistogramConfiguration { CardinalityLimit = share.Sets, Boundaries = bounds }
            : new MetricStreamConfiguration { CardinalityLimit = share.Sets };
    }

    /// <summary>The most series that an instrument of this name makes.</summary>
    public static int SeriesOf(string name)
    {
        var share = ShareOf(name);

        // A histogram has a series for each bound, one for what is beyond, a sum and a count.
        return (share.Sets + Besides) * (share.Bounds is { } bounds ? bounds.Length + 3 : 1);
    }

    /// <summary>Whether it is said which buckets a histogram has: by default it would have fifteen.</summary>
    public static bool HasBounds(string name) => ShareOf(name).Bounds is not null;

    private static Share ShareOf(string name) => Shares.TryGetValue(name, out var share) ? share : new(Usual);

    /// <summary>What one metric may have.</summary>
    /// <param name="Sets">Sets of labels.</param>
    /// <param name="Bounds">The buckets of a histogram, in its unit; <c>null</c> for everything else.</param>
    private sealed record Share(int Sets, double[]? Bounds = null);
}
