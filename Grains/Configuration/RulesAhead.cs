using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Tenants whose rules are others already on a silo that is ahead of this one, until this one has them, too, or that silo is gone. Gateways
/// keep them and are told when they change: there may be as many as there are tenants.
/// </summary>
internal sealed class RulesAhead
{
    /// <summary>For so long a silo is believed that the membership does not know: it has just begun, or does not say who it is.</summary>
    private static readonly TimeSpan Belief = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Ahead> _known = [];
    private long _pushed = 1;

    /// <summary>Counts the changes, from 1.</summary>
    public long Number { get; private set; } = 1;

    /// <summary>Notes that a silo is ahead of this one, or is so no more; whether that is news.</summary>
    /// <param name="told">What the silo says.</param>
    /// <param name="known">What names the rules here.</param>
    /// <param name="now">The steady time.</param>
    public bool Note(TenantRules told, string known, TimeSpan now)
    {
        var before = _known.GetValueOrDefault(told.Tenant);
        var isNews = told.Stamp == known ? _known.Remove(told.Tenant) : before?.Rules.Stamp != told.Stamp;
        if (isNews)
        {
            Number++;
        }

        if (told.Stamp != known)
        {
            var ahead = isNews ? _known[told.Tenant] = new Ahead(told with { Silo = null }) : before!;
            ahead.Silos[told.Silo ?? ""] = now;
        }

        return isNews;
    }

    /// <summary>Forgets the silos that this one has caught up with, and tenants that are gone.</summary>
    /// <param name="rulesOf">What names the rules of a tenant here; empty when it is gone.</param>
    public void Forget(Func<string, string> rulesOf) => ForgetAll(ahead => rulesOf(ahead.Rules.Tenant) is var rules
        && (rules.Length == 0 || rules == ahead.Rules.Stamp));

    /// <summary>Forgets what silos said that are gone: nobody decides by it any more.</summary>
    /// <param name="isMember">Whether a silo is one of the cluster; <c>null</c> where that is not known.</param>
    /// <param name="now">The steady time.</param>
    public void ForgetGone(Func<string, bool?> isMember, TimeSpan now) => ForgetAll(ahead =>
    {
        foreach (var (silo, _) in ahead.Silos.Where(silo => !(isMember(silo.Key) ?? now - silo.Value < Belief)).ToList())
        {
            ahead.Silos.Remove(silo);
        }

        return ahead.Silos.Count == 0;
    });

    /// <summary>Completes an answer: who has another list gets this one.</summary>
    public SnapshotUpdate Answer(SnapshotPosition known, SnapshotUpdate update) =>
        With(known.Format, update, known.Epoch != update.Position.Epoch || known.Ahead != Number);

    /// <summary>Completes a push, by format: the list is in the first one after it changed.</summary>
    public Func<int, SnapshotUpdate> Push(SnapshotUpdate update)
    {
        var tells = _pushed != Number;
        _pushed = Number;
        var (all, kept) = (With(SnapshotPosition.Parts, update, tells), With(SnapshotPosition.KeepsAhead, update, tells));
        return format => format < SnapshotPosition.KeepsAhead ? all : kept;
    }

    private void ForgetAll(Func<Ahead, bool> isOver)
    {
        foreach (var (tenant, _) in _known.Where(ahead => isOver(ahead.Value)).ToList())
        {
            _known.Remove(tenant);
            Number++;
        }
    }

    private SnapshotUpdate With(int format, SnapshotUpdate update, bool tells) =>
        format < SnapshotPosition.KeepsAhead ? update with { Ahead = [.. _known.Values.Select(ahead => ahead.Rules)] }
        : tells ? update with { Ahead = [.. _known.Values.Select(ahead => ahead.Rules)], TellsAhead = true } : update;

    /// <summary>Rules that are in use elsewhere.</summary>
    private sealed record Ahead(TenantRules Rules)
    {
        /// <summary>The silos that have them, and when they said so.</summary>
        public Dictionary<string, TimeSpan> Silos { get; } = [];
    }
}
