using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Background;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>The accounts that this gateway uses. Nothing of one account touches another.</summary>
internal sealed partial class UpstreamAccounts
{
    /// <summary>What is not shown any more keeps its last value: for so long a breaker that is gone is shown closed.</summary>
    private static readonly TimeSpan Shown = TimeSpan.FromMinutes(10);

    /// <summary>Upstreams with a reason that are told apart in the count of spared requests.</summary>
    private const int MaxSpared = 70;

    /// <summary>Upstreams with a class of status that are told apart in the count of answers.</summary>
    private const int MaxAnswered = 220;

    private readonly ConcurrentDictionary<string, UpstreamAccount> _accounts = new();
    private readonly ConcurrentDictionary<string, TimeSpan> _gone = new();
    private readonly string _gateway = Guid.NewGuid().ToString("N");
    private readonly ConcurrentDictionary<string, UpstreamCount> _counts = new();
    private readonly ServerLabels _labels = new();
    private readonly ServerSeries _spared;
    private readonly ServerSeries _answered;
    private readonly ClusterClient _cluster;
    private readonly TimeProvider _time;
    private readonly ILogger<UpstreamAccounts> _logger;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;

    public UpstreamAccounts(ClusterClient cluster, IMeterFactory meters, TimeProvider time, ILogger<UpstreamAccounts> logger)
    {
        (_cluster, _time, _logger) = (cluster, time, logger);
        (_spared, _answered) = (new ServerSeries(_labels, MaxSpared), new ServerSeries(_labels, MaxAnswered));
        var meter = meters.Create("RegistryProxy.Gateway");
        _requests = meter.CreateCounter<long>(
            "registryproxy.gateway.upstream_requests", "{request}", "Requests that an upstream answered, by the class of the status");
        _duration = meter.CreateHistogram<double>(
            "registryproxy.gateway.upstream_duration", "s", "From a request that leaves to the head of the upstream's answer");
        meter.CreateObservableGauge(
            "registryproxy.gateway.upstream_limit_remaining", Remaining, "{request}",
            "What an upstream's rate limit has left, as it said last");
        meter.CreateObservableGauge(
            "registryproxy.gateway.upstream_breaker_open", Open, "{account}",
            "Accounts at an upstream whose circuit breaker is open: requests are answered without asking the upstream");
        _refused = meter.CreateCounter<long>(
            "registryproxy.gateway.upstream_spared", "{request}",
            "Requests that were answered without asking an upstream, because of its rate limit or its failures");
    }

    public UpstreamAccount For(Upstream upstream) =>
        _accounts.TryGetValue(upstream.Account, out var account) ? account : _accounts.GetOrAdd(upstream.Account, Create, upstream.Name);

    public void CountRefusal(Upstream upstream, string reason) => _refused.Add(
        1, new("upstream", _spared.Of(upstream.Name, reason)), new("reason", reason));

    /// <summary>An upstream answered.</summary>
    /// <param name="upstream">Who.</param>
    /// <param name="status">With what.</param>
    /// <param name="took">Until the head of the answer.</param>
    public void CountAnswer(Upstream upstream, int status, TimeSpan took)
    {
        CountOf(upstream).Answered(status, took);
        var kind = TenantMeter.ClassOf(status);
        _requests.Add(1, new("upstream", _answered.Of(upstream.Name, kind)), new("status", kind));
        _duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("upstream", _labels.Of(upstream.Name)));
    }

    /// <summary>What an upstream was asked.</summary>
    public UpstreamCount CountOf(Upstream upstream) => _counts.TryGetValue(upstream.Name, out var count)
        ? count : _counts.GetOrAdd(upstream.Name, static _ => new UpstreamCount());

    /// <summary>What every upstream was asked since this gateway started.</summary>
    public IReadOnlyList<UpstreamTraffic> Traffic() => [.. _counts.Select(count => count.Value.Describe(count.Key))];

    /// <summary>Forgets accounts and upstreams that are not configured any more; their breakers are shown closed for a while.</summary>
    public void Keep(IReadOnlyList<UpstreamSnapshot> upstreams)
    {
        var (accounts, names) = (upstreams.Select(one => one.Account).ToHashSet(), upstreams.Select(one => one.Name).ToHashSet());
        foreach (var (name, account) in _accounts)
        {
            if (!accounts.Contains(name) && _accounts.TryRemove(name, out _))
            {
                _gone[account.Upstream] = _time.GetSteadyNow() + Shown;
            }
        }

        Forget();
        foreach (var gone in _counts.Keys.Where(name => !names.Contains(name)))
        {
            _counts.TryRemove(gone, out _);
        }
    }

    /// <summary>Those that were shown for long enough, also where nobody looks.</summary>
    private void Forget()
    {
        foreach (var (upstream, until) in _gone)
        {
            if (until < _time.GetSteadyNow())
            {
                _gone.TryRemove(new(upstream, until));
            }
        }
    }

    private List<Measurement<int>> Open()
    {
        var open = _accounts.Values.GroupBy(account => _labels.Of(account.Upstream)).ToDictionary(
            upstream => upstream.Key, upstream => upstream.Count(account => account.Breaker.IsOpen));
        Forget();
        foreach (var upstream in _gone.Keys)
        {
            open.TryAdd(_labels.Of(upstream), 0);
        }

        return [.. open.Select(upstream => new Measurement<int>(
            upstream.Value, new KeyValuePair<string, object?>("upstream", upstream.Key)))];
    }

    private IEnumerable<Measurement<int>> Remaining() => Least(
        _accounts.Values.Select(account => (_labels.Of(account.Upstream), account.Budget.Seen)));

    /// <summary>An upstream may be used by several accounts; the one with the least left is the one to know of.</summary>
    internal static IEnumerable<Measurement<int>> Least(IEnumerable<(string Upstream, RateLimitSighting? Seen)> accounts) => accounts
        .Where(account => account.Seen is { Limit: not null })
        .GroupBy(account => account.Upstream, account => account.Seen!.Remaining)
        .Select(upstream => new Measurement<int>(upstream.Min(), new KeyValuePair<string, object?>("upstream", upstream.Key)));

    private UpstreamAccount Create(string account, string upstream)
    {
        var strangers = new WaitingStrangers();
        return new UpstreamAccount(
            upstream,
            new RequestBudget(account, _gateway, _cluster, _time),
            new UpstreamQueue(UpstreamQueue.MaxPulls, strangers, _time),
            new UpstreamQueue(UpstreamQueue.MaxOthers, strangers, _time),
            strangers,
            new UpstreamBreaker(_time, open =>
            {
                if (open)
                {
                    LogOpened(upstream);
                }
                else
                {
                    LogClosed(upstream);
                }

                _cluster.Post(grains => grains.GetGrain<IUpstreamAccountGrain>(account).BreakerChanged(_gateway, open));
            }));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Circuit breaker opened for upstream {Upstream}; probing every 500 ms")]
    private partial void LogOpened(string upstream);

    [LoggerMessage(Level = LogLevel.Information, Message = "Circuit breaker closed for upstream {Upstream}")]
    private partial void LogClosed(string upstream);
}
