using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Background;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How the requests to upstreams fare: the log has one line when they begin to fail, one for each other reason, and one when that ends;
/// every failure is counted, and the silos are told for the operator's page, also when nobody asks any more.
/// </summary>
internal sealed partial class FailingUpstreams : BackgroundLoop
{
    /// <summary>How often the silos are told again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>How often it is looked whether there is something to tell.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>How long nothing has failed when an upstream counts as recovered, so that one that flaps is one outage.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>What fails after no failure for so long is logged again: nobody knows what was in between.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>Of what nothing was heard for so long nothing is told any more: it may not even be configured.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(24);

    /// <summary>Reasons of one outage that are logged; what fails for further ones has lines of its own.</summary>
    private const int MaxReasons = 8;

    /// <summary>From one line about requests that an upstream refuses to the next.</summary>
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, UpstreamFares> _known = new();
    private readonly Action<string, UpstreamSight> _tell;
    private readonly string _gateway = Guid.NewGuid().ToString("N");
    private readonly TimeProvider _time;
    private readonly ILogger<FailingUpstreams> _logger;
    private readonly Counter<long> _failures;
    private int _count;

    public FailingUpstreams(ClusterClient cluster, IMeterFactory meters, TimeProvider time, ILogger<FailingUpstreams> logger)
        : this((upstream, sight) => cluster.Post(grains => grains.GetGrain<IUpstreamStatusGrain>(upstream).Noted(sight)),
            meters, time, logger)
    {
    }

    /// <param name="tell">Tells the silos how an upstream fares.</param>
    /// <param name="meters">For the count of failures.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For operators.</param>
    internal FailingUpstreams(Action<string, UpstreamSight> tell, IMeterFactory meters, TimeProvider time, ILogger<FailingUpstreams> logger)
    {
        (_tell, _time, _logger) = (tell, time, logger);
        _failures = meters.Create("RegistryProxy.Gateway").CreateCounter<long>(
            "registryproxy.gateway.upstream_failures", "{request}",
            "Requests that an upstream did not answer, or with 502, 503 or 504, or refused");
    }

    /// <summary>A request was answered.</summary>
    /// <param name="upstream">By whom.</param>
    /// <param name="isGood">Whether the answer is one to what was asked, and no refusal.</param>
    public void Answered(string upstream, bool isGood = true)
    {
        var (now, fares) = (_time.GetSteadyNow(), Of(upstream));
        if (isGood)
        {
            fares.AnsweredAt = now;
        }

        if (Volatile.Read(ref _count) == 0)
        {
            return;
        }

        lock (fares)
        {
            // Failures between answers are one outage, not many recoveries.
            if (fares.Since is not { } since || now < fares.FailedAt + Settled)
            {
                return;
            }

            Interlocked.Decrement(ref _count);
            fares.Since = null;
            LogWell(upstream, fares.Failures, since);
            Tell(upstream, fares, now);
        }
    }

    /// <summary>A request failed, and not for its client's sake.</summary>
    public void Failed(string upstream, string address, ExchangeFault fault)
    {
        _failures.Add(1, new("upstream", upstream), new("reason", fault.Kind));
        Change(upstream, (fares, now) =>
        {
            if (fares.Begins(now, Silence))
            {
                Interlocked.Add(ref _count, fares.Since is null ? 1 : 0);
                (fares.Since, fares.BeganAt, fares.Failures) = (_time.GetUtcNow(), now, 0);
            }

            if (fares.Failures == 0 || now > fares.FailedAt + Silence)
            {
                fares.Said.Clear();
            }

            var isNews = fares.Said.Count == 0;
            (fares.FailedAt, fares.Reason, fares.Failures) = (now, fault.Reason, fares.Failures + 1);
            if (fares.Said.Count < MaxReasons && fares.Said.Add(fault.Reason))
            {
                LogFails(upstream, address, fares.Since ?? _time.GetUtcNow(), fares.Failures, fault.Reason);
            }

            if (isNews || now >= fares.TellFrom)
            {
                Tell(upstream, fares, now);
            }
        });
    }

    /// <summary>Whether the log has said that an upstream fails, and for this reason: what fails so adds nothing to that.</summary>
    public bool IsSaid(string upstream, ExchangeFault fault)
    {
        if (Volatile.Read(ref _count) == 0 || !_known.TryGetValue(upstream, out var fares))
        {
            return false;
        }

        lock (fares)
        {
            return fares.Since is not null && fares.Said.Contains(fault.Reason) && _time.GetSteadyNow() <= fares.FailedAt + Silence;
        }
    }

    /// <summary>A request was refused, and a new credential did not mend it: that may be about its repository alone.</summary>
    public void Refused(string upstream, string address, int status, bool withCredential)
    {
        _failures.Add(1, new("upstream", upstream), new("reason", "refused"));
        Change(upstream, (fares, now) =>
        {
            if (fares.Refusals++ == 0)
            {
                (fares.RefusedSince, fares.RefusedFrom) = (_time.GetUtcNow(), now);
            }

            if (now < fares.RefusalFrom)
            {
                return;
            }

            fares.RefusalFrom = now + RefusalPause;
            var reason = $"it refuses a request " +
                $"{(withCredential ? "with the credential that it is configured with" : "without a credential")} ({status})";
            LogRefuses(upstream, address, fares.RefusedSince, fares.Refusals, reason);
            _tell(upstream, fares.Sight(_gateway, now) with
            {
                Refusal = reason, RefusesFor = now - fares.RefusedFrom, Refusals = fares.Refusals,
            });
        });
    }

    /// <summary>Tells what nobody was told yet, and again what goes on.</summary>
    internal void TellNews()
    {
        var now = _time.GetSteadyNow();
        foreach (var (upstream, fares) in _known)
        {
            lock (fares)
            {
                if (now - fares.HeardAt > Forgotten)
                {
                    Forget(upstream, fares);
                }
                else if (now >= fares.TellFrom && (fares.Since is not null || fares.AnsweredAt > fares.ToldAt))
                {
                    Tell(upstream, fares, now);
                }
            }
        }
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            TellNews();
            await Task.Delay(Period, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Forget(string upstream, UpstreamFares fares)
    {
        // Under the lock of its own, as every change is.
        if (_known.TryRemove(new(upstream, fares)) && fares.Since is not null)
        {
            fares.Since = null;
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>Changes what is known of an upstream, while it cannot be forgotten.</summary>
    private void Change(string upstream, Action<UpstreamFares, TimeSpan> change)
    {
        while (true)
        {
            var (fares, now) = (Of(upstream), _time.GetSteadyNow());
            lock (fares)
            {
                if (_known.TryGetValue(upstream, out var known) && known == fares)
                {
                    change(fares, now);
                    return;
                }
            }
        }
    }

    private UpstreamFares Of(string upstream) =>
        _known.TryGetValue(upstream, out var fares) ? fares : _known.GetOrAdd(upstream, static _ => new UpstreamFares());

    private void Tell(string upstream, UpstreamFares fares, TimeSpan now)
    {
        (fares.TellFrom, fares.ToldAt) = (now + Pause, now);
        _tell(upstream, fares.Sight(_gateway, now));
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) fails since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) refuses requests since {Since:u} (refusals: {Refusals}): {Reason}. " +
            "The audit log has each")]
    private partial void LogRefuses(string upstream, string address, DateTimeOffset since, long refusals, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} recovered after {Failures} failed requests since {Since:u}")]
    private partial void LogWell(string upstream, int failures, DateTimeOffset since);
}
