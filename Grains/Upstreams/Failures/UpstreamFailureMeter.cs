using System.Diagnostics.Metrics;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>
/// Counts, for <c>/metrics</c>, tokens of upstreams, and how often one could not be opened, and why; and shows how long that has been so:
/// after a failure an upstream is not asked again for up to five minutes, in which no counter rises.
/// </summary>
internal sealed class UpstreamFailureMeter
{
    /// <summary>Conditions of upstreams, lasting or ended, that are shown.</summary>
    private const int MaxConditions = 300;

    /// <summary>Upstreams with a reason that are told apart in the count of failures; there are some dozen reasons.</summary>
    private const int MaxCounted = 90;

    /// <summary>Upstreams with a condition that are told apart in the gauge.</summary>
    private const int MaxShown = 80;

    /// <summary>Since when; <c>null</c> when it has ended, which is to be shown: what is not shown any more keeps its last value.</summary>
    private readonly Dictionary<(string Upstream, string Condition), TimeSpan?> _failing = [];
    private readonly ServerLabels _labels = new();
    private readonly ServerSeries _counted;
    private readonly ServerSeries _shown;
    private readonly TimeProvider _time;
    private readonly IConfigurationFeed? _configuration;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _failures;

    /// <param name="meters">For the metrics.</param>
    /// <param name="time">The time.</param>
    /// <param name="configuration">What is not in it any more does not fail.</param>
    public UpstreamFailureMeter(IMeterFactory meters, TimeProvider time, IConfigurationFeed? configuration = null)
    {
        (_time, _configuration) = (time, configuration);
        (_counted, _shown) = (new ServerSeries(_labels, MaxCounted), new ServerSeries(_labels, MaxShown));
        var meter = meters.Create("RegistryProxy.Grains");
        _tokens = meter.CreateCounter<long>(
            "registryproxy.grains.upstream_tokens", "{token}", "Tokens issued by token services of upstreams");
        _failures = meter.CreateCounter<long>(
            "registryproxy.grains.upstream_failures", "{try}",
            "Failed attempts to authenticate at an upstream: challenge, credential, token service");
        meter.CreateObservableGauge(
            "registryproxy.grains.upstream_failing", Lasting, "s",
            "For how long an upstream could not be authenticated at, by what is wrong; 0 when that has ended");
    }

    /// <summary>A token service gave a token.</summary>
    public void Fetched(string upstream) => _tokens.Add(
        1, new KeyValuePair<string, object?>("upstream", _labels.Of(upstream)));

    public void Count(string upstream, UpstreamFailure failure)
    {
        var reason = failure.Cause ?? failure.Kind switch
        {
            UpstreamFailureKind.Unreachable => "status",
            UpstreamFailureKind.Refused => "refused",
            UpstreamFailureKind.Throttled => "throttled",
            _ => "configuration",
        };
        _failures.Add(1, new("upstream", _counted.Of(upstream, reason)), new("reason", reason));
    }

    /// <summary>An upstream cannot be opened, for nobody.</summary>
    public void Fails(string upstream, UpstreamFailure failure)
    {
        lock (_failing)
        {
            var since = End(upstream) ?? _time.GetSteadyNow();
            if (_failing.Count >= MaxConditions
                && _failing.FirstOrDefault(known => known.Value is null) is { Key.Upstream: not null } ended)
            {
                _failing.Remove(ended.Key);
            }

            if (_failing.Count < MaxConditions || _failing.ContainsKey((upstream, ConditionOf(failure))))
            {
                _failing[(upstream, ConditionOf(failure))] = since;
            }
        }
    }

    /// <summary>An upstream can be opened, or nothing is known of it here any more.</summary>
    public void Ended(string upstream)
    {
        lock (_failing)
        {
            End(upstream);
        }
    }

    /// <summary>Ends what lasts; since when it did.</summary>
    private TimeSpan? End(string upstream)
    {
        TimeSpan? since = null;
        foreach (var (key, began) in _failing.Where(known => known.Key.Upstream == upstream && known.Value is not null).ToList())
        {
            (since, _failing[key]) = (began, null);
        }

        return since;
    }

    private List<Measurement<double>> Lasting()
    {
        var now = _time.GetSteadyNow();
        lock (_failing)
        {
            return [.. _failing.GroupBy(known => (
                Upstream: _shown.Of(known.Key.Upstream, known.Key.Condition), known.Key.Condition)).Select(known =>
                new Measurement<double>(
                    known.Max(one => IsConfigured(one.Key.Upstream) && one.Value is { } since
                        ? Math.Max((now - since).TotalSeconds, 1) : 0),
                    new("upstream", known.Key.Upstream), new("condition", known.Key.Condition)))];
        }
    }

    private bool IsConfigured(string upstream) => _configuration?.Current.Configuration.Upstreams.ContainsKey(upstream) ?? true;

    private static string ConditionOf(UpstreamFailure failure) => failure switch
    {
        { Cause: not null } or { Kind: UpstreamFailureKind.Unreachable } => "unreachable",
        { Kind: UpstreamFailureKind.Refused } => "refused",
        { Kind: UpstreamFailureKind.Throttled } => "limited",
        _ => "misconfigured",
    };
}
