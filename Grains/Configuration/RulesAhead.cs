using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Tenants whose rules are others already on a silo that is ahead of this one. Gateways keep them and are told when they change: there may
/// be as many as there are tenants.
/// </summary>
internal sealed class RulesAhead
{
    private readonly Dictionary<string, TenantRules> _known = [];
    private long _pushed = 1;

    /// <summary>Counts the changes, from 1.</summary>
    public long Number { get; private set; } = 1;

    /// <summary>Notes that a silo is ahead of this one, or is so no more; whether that is news.</summary>
    /// <param name="told">What the silo says.</param>
    /// <param name="known">What names the rules here.</param>
    public bool Note(TenantRules told, string known)
    {
        var isNews = told.Stamp == known ? _known.Remove(told.Tenant) : _known.GetValueOrDefault(told.Tenant) != told;
        if (isNews)
        {
            Number++;
        }

        if (told.Stamp != known)
        {
            _known[told.Tenant] = told;
        }

        return isNews;
    }

    /// <summary>Forgets the silos that this one has caught up with, and tenants that are gone.</summary>
    /// <param name="rulesOf">What names the rules of a tenant here; empty when it is gone.</param>
    public void Forget(Func<string, string> rulesOf)
    {
        foreach (var (tenant, _) in _known.Where(ahead => rulesOf(ahead.Key) is var rules
            && (rules.Length == 0 || rules == ahead.Value.Stamp)).ToList())
        {
            _known.Remove(tenant);
            Number++;
        }
    }

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

    private SnapshotUpdate With(int format, SnapshotUpdate update, bool tells) =>
        format < SnapshotPosition.KeepsAhead ? update with { Ahead = [.. _known.Values] }
        : tells ? update with { Ahead = [.. _known.Values], TellsAhead = true } : update;
}
