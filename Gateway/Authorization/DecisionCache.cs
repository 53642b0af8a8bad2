using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>
/// What sessions may do, as their grains decided, each under its lease. A grain that changes its mind tells every gateway; while the
/// cluster is away a known decision is used until <see cref="GatewayOptions.MaxStale"/> after its lease.
/// </summary>
internal sealed class DecisionCache(ClusterClient cluster, GatewayOptions options, TimeProvider time)
{
    /// <summary>How many identities are kept.</summary>
    private const int Capacity = 50_000;

    /// <summary>How many sessions of one identity are kept.</summary>
    private const int SessionsPerIdentity = 32;

    /// <summary>What the decisions may weigh, in bytes.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    private readonly WeighedCache<string, LeasedDecision[]> _decisions = new(Capacity, MaxBytes, Weigh);
    private long _drops;

    /// <summary>The decision for a session; <c>null</c> when the cluster cannot be asked and nothing usable is known.</summary>
    public ValueTask<SessionDecision?> Get(SessionReference session, CancellationToken cancellation)
    {
        var known = Find(session);
        var now = time.GetTimestamp();
        if (known is null || now >= known.LeasedUntil + (known.Decision.Unavailable ? 0 : Ticks(options.MaxStale)))
        {
            return Ask(session, CallPolicy.Decision, cancellation);
        }

        return now < known.LeasedUntil ? new ValueTask<SessionDecision?>(known.Decision) : Renew(known, cancellation);
    }

    /// <summary>Forgets the decisions of one identity.</summary>
    public void Drop(string sessionKey)
    {
        Interlocked.Increment(ref _drops);
        _decisions.Remove(sessionKey);
    }

    public void DropAll()
    {
        Interlocked.Increment(ref _drops);
        _decisions.Clear();
    }

    /// <summary>Beyond its lease a decision is asked for again; while the cluster does not answer that, what is known is used.</summary>
    private async ValueTask<SessionDecision?> Renew(LeasedDecision known, CancellationToken cancellation) =>
        known.IsUnanswered(time) ? known.Decision : await Ask(known.Session, CallPolicy.DecisionRenewal, cancellation) ?? known.Unanswered(time);

    private async ValueTask<SessionDecision?> Ask(SessionReference session, CallPolicy policy, CancellationToken cancellation)
    {
        var drops = Interlocked.Read(ref _drops);
        try
        {
            var decision = await cluster.Call(
                (grains, stop) => grains.GetGrain<ISessionGrain>(session.Key).Decide(session.Id, session.Generation, stop),
                (relay, stop) => relay.Decide(session.Key, session.Id, session.Generation, stop),
                policy,
                cancellation);

            // A change that was announced while the question was under way may have crossed the answer: use it once, keep it not.
            if (drops == Interlocked.Read(ref _drops))
            {
                Keep(new LeasedDecision(session, decision, time.GetTimestamp() + Ticks(decision.Lease)));
            }

            return decision;
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }

    private LeasedDecision? Find(SessionReference session)
    {
        if (_decisions.TryGet(session.Key, out var decisions))
        {
            foreach (var decision in decisions)
            {
                if (decision.Session.Id == session.Id && decision.Session.Generation == session.Generation)
                {
                    return decision;
                }
            }
        }

        return null;
    }

    private void Keep(LeasedDecision decision)
    {
        _decisions.TryGet(decision.Session.Key, out var others);
        _decisions.Set(
            decision.Session.Key,
            [decision, .. (others ?? []).Where(other => other.Session.Id != decision.Session.Id).Take(SessionsPerIdentity - 1)]);
    }

    private static long Weigh(string key, LeasedDecision[] decisions) => TextWeight.Of(key) + decisions.Sum(decision =>
        400 + TextWeight.Of(decision.Session.Id) + decision.Decision.Rules.Sum(rule =>
            100 + TextWeight.Of(rule.Name) + rule.Repositories.Sum(pattern => 100 + (2 * TextWeight.Of(pattern.Value)))));

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private sealed record LeasedDecision(SessionReference Session, SessionDecision Decision, long LeasedUntil)
    {
        /// <summary>For how long nobody asks again when there was no answer.</summary>
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

        private long _unansweredAt;

        public bool IsUnanswered(TimeProvider time) =>
            Volatile.Read(ref _unansweredAt) is not 0 and var at && time.GetElapsedTime(at) < Pause;

        public SessionDecision Unanswered(TimeProvider time)
        {
            Volatile.Write(ref _unansweredAt, time.GetTimestamp());
            return Decision;
        }
    }
}
