using RegistryProxy.Background;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>
/// What sessions may do, as the grains of their identities decided, each under its lease. A grain that changes its mind tells every
/// gateway; while the cluster is away a known decision is used until <see cref="GatewayOptions.MaxStale"/> after its lease. All sessions of
/// an identity are renewed by one question, and asked for together where many are asked for at once.
/// </summary>
internal sealed class DecisionCache
{
    /// <summary>How many sessions are kept.</summary>
    private const int Capacity = 100_000;

    /// <summary>What the decisions may weigh, in bytes.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>What the decisions of one tenant may weigh where there is no room for all: those of a tenant with more go first.</summary>
    private const int MaxOfTenant = MaxBytes / 8;

    /// <summary>
    /// How long is used what was decided by other rules than this gateway was told of: by a silo that did not hear of them yet, or did
    /// before.
    /// </summary>
    private static readonly TimeSpan OutdatedLease = TimeSpan.FromSeconds(1);

    private readonly GroupedCache<string, string, LeasedDecision> _decisions = new(
        Capacity, MaxBytes, static (_, known) => known.Weight, static (_, known) => known.Session.Key, static (_, known) => known.Tenant)
    {
        Share = MaxOfTenant,
    };

    private readonly SingleFlights<(string Key, long Generation), bool> _renewals = new();
    private readonly DropMarks _drops = new();
    private readonly DecisionQuestions _questions;
    private readonly CurrentMap _map;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private volatile Dictionary<string, string> _ahead = [];

    public DecisionCache(ClusterClient cluster, CurrentMap map, GatewayOptions options, TimeProvider time)
    {
        (_map, _options, _time) = (map, options, time);
        _questions = new DecisionQuestions(cluster, (session, answer, drops) => Keep(session, answer, drops, idle: 0));
    }

    /// <summary>The decision for a session; <c>null</c> when the cluster cannot be asked and nothing usable is known.</summary>
    public ValueTask<SessionDecision?> Get(SessionReference session, CancellationToken cancellation)
    {
        if (Find(session) is not { } known)
        {
            return Fetch(session, cancellation);
        }

        var now = _time.GetTimestamp();
        if (now < known.LeasedUntil)
        {
            return new ValueTask<SessionDecision?>(known.Use());
        }

        return now < known.LeasedUntil + (known.Decision.Unavailable ? 0 : Ticks(_options.MaxStale)) ? Renew(known, cancellation)
            : Fetch(session, cancellation);
    }

    /// <summary>Forgets the decisions of one identity, or of one tenant.</summary>
    public void Drop(string group)
    {
        _drops.Add(group);
        _decisions.RemoveGroup(group);
    }

    /// <summary>Forgets the decisions of a tenant by other rules than those of now.</summary>
    public void DropOutdated(string tenant, string? rules)
    {
        _drops.Add(tenant);
        foreach (var known in _decisions.Of(tenant).Where(known => known.Decision.RulesStamp != rules))
        {
            _decisions.Remove(known.Session.Id);
        }
    }

    public void DropAll()
    {
        _drops.AddAll();
        _decisions.Clear();
    }

    /// <summary>Takes the tenants whose rules are others already than the map says.</summary>
    public void Take(IReadOnlyList<TenantRules> ahead) => _ahead = ahead.ToDictionary(tenant => tenant.Tenant, tenant => tenant.Stamp);

    private LeasedDecision? Find(SessionReference session) =>
        _decisions.TryGet(session.Id, out var known) && known.Session == session ? known : null;

    private async ValueTask<SessionDecision?> Fetch(SessionReference session, CancellationToken cancellation)
    {
        try
        {
            return await _questions.Query(session, _drops.Of(session.Key)).WaitAsync(CallPolicy.Decision.Total, _time, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Beyond its lease a decision is asked for again; while the cluster does not answer that, what is known is used.</summary>
    private async ValueTask<SessionDecision?> Renew(LeasedDecision known, CancellationToken cancellation)
    {
        if (known.IsUnanswered(_time))
        {
            return known.Use();
        }

        var session = known.Session;
        known.Use();
        await _renewals.Join((session.Key, session.Generation), () => Task.Run(() => RenewAll(session))).WaitAsync(cancellation);
        if (Find(session) is not { } renewed)
        {
            return await Fetch(session, cancellation);
        }

        return _time.GetTimestamp() < renewed.LeasedUntil || renewed.IsUnanswered(_time)
            ? renewed.Use()
            : await Fetch(session, cancellation) ?? renewed.Unanswered(_time);
    }

    /// <summary>Asks for all sessions of an identity that are in use, once; others are forgotten.</summary>
    private async Task<bool> RenewAll(SessionReference session)
    {
        if (Find(session) is { } known && _time.GetTimestamp() < known.LeasedUntil)
        {
            // It was renewed in this very moment.
            return true;
        }

        var drops = _drops.Of(session.Key);
        List<LeasedDecision> renewed = [];
        foreach (var kept in _decisions.Of(session.Key).Where(kept => kept.Session.Generation == session.Generation))
        {
            if (!kept.IsInUse)
            {
                _decisions.Remove(kept.Session.Id);
            }
            else if (renewed.Count < DecisionQuestions.MaxSessions)
            {
                renewed.Add(kept);
            }
        }

        if (renewed.Count == 0)
        {
            return true;
        }

        var answers = await _questions.AskAll(session, renewed.ConvertAll(kept => kept.Session.Id), CallPolicy.DecisionRenewal);
        for (var i = 0; i < renewed.Count; i++)
        {
            if (answers is null)
            {
                renewed[i].Unanswered(_time);
            }
            else
            {
                Keep(renewed[i].Session, answers[i], drops, renewed[i].IdleNow);
            }
        }

        return answers is not null;
    }

    /// <summary>
    /// A change that was announced while the question was under way may have crossed the answer: who asked uses it once, it is not kept.
    /// </summary>
    private void Keep(SessionReference session, SharedDecision answer, DropMark drops, int idle)
    {
        if (drops != _drops.Of(session.Key))
        {
            return;
        }

        _decisions.Set(session.Id,
            new LeasedDecision(session, answer, _time.GetTimestamp() + Ticks(LeaseOf(session, answer.Decision)), idle));
        if (drops != _drops.Of(session.Key))
        {
            _decisions.Remove(session.Id);
        }
    }

    private TimeSpan LeaseOf(SessionReference session, SessionDecision decision) =>
        decision.RulesStamp is { } stamp && RulesOf(session.Tenant) is { } rules && rules != stamp && decision.Lease > OutdatedLease
            ? OutdatedLease : decision.Lease;

    private string? RulesOf(string tenant) => _ahead.GetValueOrDefault(tenant) ?? _map.Value?.RulesOf(tenant);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
