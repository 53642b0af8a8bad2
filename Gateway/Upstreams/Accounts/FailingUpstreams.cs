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
    /// <summary>From one line about an upstream that comes and goes to the next, and how often the silos are told again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Failing> _failing = new();
    private readonly string _gateway = Guid.NewGuid().ToString("N");
    private readonly ClusterClient _cluster;
    private readonly TimeProvider _time;
    private readonly ILogger<FailingUpstreams> _logger;
    private readonly Counter<long> _failures;
    private int _count;

    public FailingUpstreams(ClusterClient cluster, IMeterFactory meters, TimeProvider time, ILogger<FailingUpstreams> logger)
    {
        (_cluster, _time, _logger) = (cluster, time, logger);
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

        lock (failing)
        {
            if (failing.Since is not { } since)
            {
                return;
            }

            Interlocked.Decrement(ref _count);
            failing.Since = null;
            if (failing.IsLogged)
            {
                LogWell(upstream, failing.Failures, since);
            }
        }

        Tell(upstream, null);
    }

    /// <summary>A request failed, and not for its client's sake.</summary>
    public void Failed(string upstream, ExchangeFault fault)
    {
        _failures.Add(1, new("upstream", upstream), new("reason", fault.Kind));
        var (now, failing) = (_time.GetUtcNow(), _failing.GetOrAdd(upstream, static _ => new Failing()));
        lock (failing)
        {
            if (failing.Since is null)
            {
                Interlocked.Increment(ref _count);
                (failing.Since, failing.Failures, failing.IsLogged) = (now, 0, now >= failing.LogFrom);
                if (failing.IsLogged)
                {
                    failing.LogFrom = now + Pause;
                    LogFails(upstream, fault.Reason);
                }
            }
            else if (now < failing.TellFrom)
            {
                failing.Failures++;
                return;
            }

            failing.Failures++;
            failing.TellFrom = now + Pause;
        }

        Tell(upstream, fault.Reason);
    }

    private void Tell(string upstream, string? reason) =>
        _cluster.Post(grains => grains.GetGrain<IUpstreamStatusGrain>(upstream).Seen(_gateway, reason));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} fails: {Reason}")]
    private partial void LogFails(string upstream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream} recovered after {Failures} failed requests since {Since:u}")]
    private partial void LogWell(string upstream, int failures, DateTimeOffset since);

    /// <summary>What is known of one upstream of the configuration; guarded by itself.</summary>
    private sealed class Failing
    {
        public DateTimeOffset? Since { get; set; }

        public int Failures { get; set; }

        public bool IsLogged { get; set; }

        public DateTimeOffset LogFrom { get; set; }

        public DateTimeOffset TellFrom { get; set; }
    }
}
