using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Upstreams whose requests fail: the log has one line when that begins and one when it ends, the silos are told for the operator's page, and
/// every failure is counted.
/// </summary>
internal sealed partial class FailingUpstreams
{
    /// <summary>How often the silos are told again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>How long nothing has failed when an upstream counts as recovered, so that one that flaps is one outage.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Failing> _failing = new();
    private readonly Action<string, string?> _tell;
    private readonly TimeProvider _time;
    private readonly ILogger<FailingUpstreams> _logger;
    private readonly Counter<long> _failures;
    private int _count;

    public FailingUpstreams(ClusterClient cluster, IMeterFactory meters, TimeProvider time, ILogger<FailingUpstreams> logger)
        : this(TellOf(cluster, Guid.NewGuid().ToString("N")), meters, time, logger)
    {
    }

    /// <param name="tell">Tells the silos how an upstream fares: why it fails, or <c>null</c>.</param>
    /// <param name="meters">For the count of failures.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For operators.</param>
    internal FailingUpstreams(Action<string, string?> tell, IMeterFactory meters, TimeProvider time, ILogger<FailingUpstreams> logger)
    {
        (_tell, _time, _logger) = (tell, time, logger);
        _failures = meters.Create("RegistryProxy.Gateway").CreateCounter<long>(
            "registryproxy.gateway.upstream_failures", "{request}", "Requests that an upstream did not answer, or with 502, 503 or 504");
    }

    /// <summary>A request was answered.</summary>
    public void Answered(string upstream)
    {
        if (Volatile.Read(ref _count) == 0 || !_failing.TryGetValue(upstream, out var failing))
        {
            return;
        }

        var now = _time.GetUtcNow();
        lock (failing)
        {
            // Failures between answers are one outage, not many recoveries.
            if (failing.Since is not { } since || now < failing.LastAt + Settled)
            {
                return;
            }

            Interlocked.Decrement(ref _count);
            failing.Since = null;
            LogWell(upstream, failing.Failures, since);
            _tell(upstream, null);
        }
    }

    /// <summary>A request failed, and not for its client's sake.</summary>
    public void Failed(string upstream, ExchangeFault fault)
    {
        _failures.Add(1, new("upstream", upstream), new("reason", fault.Kind));
        var (now, failing) = (_time.GetUtcNow(), _failing.GetOrAdd(upstream, static _ => new Failing()));
        lock (failing)
        {
            failing.LastAt = now;
            if (failing.Since is not null)
            {
                failing.Failures++;
                if (now >= failing.TellFrom)
                {
                    Tell(failing);
                }

                return;
            }

            Interlocked.Increment(ref _count);
            (failing.Since, failing.Failures) = (now, 1);
            LogFails(upstream, fault.Reason);
            Tell(failing);
        }

        void Tell(Failing told)
        {
            told.TellFrom = now + Pause;
            _tell(upstream, fault.Reason);
        }
    }

    private static Action<string, string?> TellOf(ClusterClient cluster, string gateway) =>
        (upstream, reason) => cluster.Post(grains => grains.GetGrain<IUpstreamStatusGrain>(upstream).Seen(gateway, reason));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} fails: {Reason}")]
    private partial void LogFails(string upstream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream} recovered after {Failures} failed requests since {Since:u}")]
    private partial void LogWell(string upstream, int failures, DateTimeOffset since);

    /// <summary>What is known of one upstream of the configuration; guarded by itself.</summary>
    private sealed class Failing
    {
        public DateTimeOffset? Since { get; set; }

        public int Failures { get; set; }

        public DateTimeOffset LastAt { get; set; }

        public DateTimeOffset TellFrom { get; set; }
    }
}
