using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Background;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How the requests to upstreams and to their storage fare: the log has one line when they begin to fail, one for each other reason, and
/// one when that ends; every failure is counted, a gauge lasts as long as the outage, and the silos are told for the operator's page, also
/// when nobody asks any more.
/// </summary>
internal sealed partial class FailingUpstreams : BackgroundLoop
{
    /// <summary>How often the silos are told again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>How often it is looked whether there is something to tell.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>Of what nothing was heard for so long nothing is told any more: it may not even be configured.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(24);

    /// <summary>Upstreams with a reason that are told apart in the count of failures; there are some thirty reasons.</summary>
    private const int MaxCounted = 70;

    /// <summary>Upstreams with a condition that are told apart in the gauge.</summary>
    private const int MaxShown = 80;

    private readonly ConcurrentDictionary<string, UpstreamFares> _known = new();
    private readonly ServerSeries _counted;
    private readonly ServerSeries _shown;
    private readonly Action<string, UpstreamSight> _tell;
    private readonly string _gateway = Guid.NewGuid().ToString("N");
    private readonly TimeProvider _time;
    private readonly OutageLog _log;
    private readonly Counter<long> _failures;

    /// <summary>Outages but refusals, which anybody who asks for a name that is not there can cause: those cost answers nothing.</summary>
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
        (_tell, _time, _log) = (tell, time, new OutageLog(logger));
        var labels = new ServerLabels();
        (_counted, _shown) = (new ServerSeries(labels, MaxCounted), new ServerSeries(labels, MaxShown));
        var meter = meters.Create("RegistryProxy.Gateway");
        _failures = meter.CreateCounter<long>(
            "registryproxy.gateway.upstream_failures", "{request}",
            "Requests that an upstream or its storage did not answer, answered with a 5xx, limited or refused");
        meter.CreateObservableGauge(
            "registryproxy.gateway.upstream_failing", Lasting, "s",
            "For how long requests to an upstream have been failing, by what is wrong; 0 when that has ended");
    }

    /// <summary>A request was answered by an upstream itself.</summary>
    /// <param name="upstream">By whom.</param>
    /// <param name="isGood">Whether the answer is one to what was asked, and no refusal.</param>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    /// <param name="account">The account that it counted against.</param>
    public void Answered(string upstream, bool isGood = true, string? scope = null, string account = "")
    {
        var (now, fares) = (_time.GetSteadyNow(), Of(upstream));
        if (isGood)
        {
            fares.AnsweredAt = now;
        }

        var isNonePart = fares.Parts.Answer(scope, now);
        var granted = isGood ? scope : null;
        if (Volatile.Read(ref _count) > 0 || (granted is not null && granted == fares.RefusedScope))
        {
            Answered(upstream, fares, now, isNonePart, granted, account);
        }
    }

    /// <summary>A request was answered by what an upstream redirects to.</summary>
    public void StorageAnswered(string upstream)
    {
        if (Volatile.Read(ref _count) > 0)
        {
            Answered(upstream, Of(upstream), _time.GetSteadyNow(), static kind => kind == OutageKind.Storage);
        }
    }

    /// <summary>A request failed, and not for its client's sake.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="address">Its origin.</param>
    /// <param name="fault">What went wrong.</param>
    /// <param name="scope">The scope of the token that it was asked with; <c>null</c> when it is the host that failed.</param>
    /// <param name="isOfBody">Whether its answer had begun well.</param>
    public void Failed(string upstream, string address, ExchangeFault fault, string? scope = null, bool isOfBody = false)
    {
        var reach = Of(upstream).Parts.Fail(scope, _time.GetSteadyNow());
        if (scope is null || reach == FailureReach.Whole)
        {
            Fail(OutageKind.Failing, upstream, address, fault, fault.Reason, isOfBody: isOfBody);
            return;
        }

        Fail(OutageKind.Part, upstream, address, fault, $"{FailingParts.NameOf(scope)}: {fault.Reason}", isOfBody: isOfBody);
        if (reach == FailureReach.PartFromFirst)
        {
            Change(upstream, (fares, now) => Close(upstream, fares, OutageKind.Failing, now));
        }
    }

    /// <summary>A request failed at what an upstream redirects to, which says nothing of the upstream or its credential.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="address">The origin that it redirects to; for operators alone.</param>
    /// <param name="fault">What went wrong.</param>
    /// <param name="isOfBody">Whether its answer had begun well.</param>
    public void StorageFailed(string upstream, string address, ExchangeFault fault, bool isOfBody = false) =>
        Fail(OutageKind.Storage, upstream, address, fault, fault.Reason, isOfBody: isOfBody);

    /// <summary>An upstream limits the rate of requests.</summary>
    /// <param name="upstream">Which one.</param>
    /// <param name="address">Its origin.</param>
    /// <param name="pause">How long it wants to be left alone.</param>
    /// <param name="isAnswer">Whether it has just said so, or a request was spared it.</param>
    /// <param name="account">Which account it limits.</param>
    /// <param name="said">Its words, where they are others than those of a 429.</param>
    public void Limited(string upstream, string address, TimeSpan pause, bool isAnswer, string account = "", string? said = null)
    {
        Change(upstream, (fares, now) => Use(upstream, fares, account, now, isLimited: true));
        var until = $"until {_time.GetUtcNow() + pause:u}";
        Fail(OutageKind.Limited, upstream, address, isAnswer ? new ExchangeFault("throttled", "429") : null,
            said ?? (isAnswer ? $"it answers 429; nothing is asked of it {until}" : $"its rate limit is used up {until}"), pause);
    }

    /// <summary>Whether the log has said that an upstream fails, and for this reason: what fails so adds nothing to that.</summary>
    public bool IsSaid(string upstream, ExchangeFault fault)
    {
        if (!_known.TryGetValue(upstream, out var fares))
        {
            return false;
        }

        lock (fares)
        {
            return fares.Outages.Any(outage => outage.Kind != OutageKind.Limited && outage.IsSaid(fault.Reason));
        }
    }

    /// <summary>A request was refused, and a new credential did not mend it: that may be about its repository alone.</summary>
    /// <param name="upstream">Which one refuses.</param>
    /// <param name="address">Its origin.</param>
    /// <param name="reason">How, for operators.</param>
    /// <param name="scope">The scope of the token that was sent, or asked for: what is answered with it ends this.</param>
    public void Refused(string upstream, string address, string reason, string scope)
    {
        Fail(OutageKind.Refused, upstream, address, new ExchangeFault("refused", reason), reason);
        Change(upstream, (fares, _) => fares.RefusedScope = scope);
    }

    /// <summary>Tells what nobody was told yet, and again what goes on; ends what is over though nobody asks.</summary>
    internal void TellNews()
    {
        var now = _time.GetSteadyNow();
        foreach (var (upstream, fares) in _known)
        {
            lock (fares)
            {
                if (now - fares.HeardAt > Forgotten || now - fares.GoneAt > Shown)
                {
                    Forget(upstream, fares);
                    continue;
                }

                EndOver(upstream, fares, now);
                if (now >= fares.TellFrom && (fares.IsAny || fares.AnsweredAt > fares.ToldAt))
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

    /// <param name="kind">What fails.</param>
    /// <param name="upstream">Of which upstream.</param>
    /// <param name="address">The origin at fault.</param>
    /// <param name="fault">How a request failed; <c>null</c> when none was sent.</param>
    /// <param name="reason">For operators.</param>
    /// <param name="pause">How long the upstream wants to be left alone.</param>
    /// <param name="isOfBody">Whether an answer had begun well.</param>
    private void Fail(
        OutageKind kind, string upstream, string address, ExchangeFault? fault, string reason, TimeSpan pause = default,
        bool isOfBody = false)
    {
        if (fault is { } counted)
        {
            var at = kind == OutageKind.Storage ? $"storage_{counted.Kind}" : counted.Kind;
            _failures.Add(1, new("upstream", _counted.Of(upstream, at)), new("reason", at));
        }

        Change(upstream, (fares, now) =>
        {
            if (fares.GoneAt is not null)
            {
                return;
            }

            EndOver(upstream, fares, now);
            var outage = fares[kind];
            var isNews = outage.Since is null;
            Interlocked.Add(ref _count, isNews && kind != OutageKind.Refused ? 1 : 0);
            outage.Fail(address, reason, (now, _time.GetUtcNow()), pause, fault is not null);
            outage.IsOfBodies = isOfBody;

            // Until when it is limited changes with each answer: that is one reason.
            if (outage.Say(kind == OutageKind.Limited ? "" : reason))
            {
                _log.Began(upstream, outage);
            }

            if (isNews || now >= fares.TellFrom)
            {
                Tell(upstream, fares, now);
            }
        });
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

    /// <summary>What was never wrong has no series.</summary>
    private IEnumerable<Measurement<double>> Lasting()
    {
        Dictionary<(string Upstream, string Condition), double> lasting = [];
        var now = _time.GetSteadyNow();
        foreach (var (upstream, fares) in _known)
        {
            lock (fares)
            {
                foreach (var (condition, seconds) in fares.Measure(now))
                {
                    var key = (_shown.Of(upstream, condition), condition);
                    lasting[key] = Math.Max(lasting.GetValueOrDefault(key), seconds);
                }
            }
        }

        return lasting.Select(one => new Measurement<double>(
            one.Value, new("upstream", one.Key.Upstream), new("condition", one.Key.Condition)));
    }
}
