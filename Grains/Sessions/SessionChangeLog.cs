using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The last changes of what gateways keep decisions about, counted: sessions of identities, and all of a tenant. Who is further behind than
/// the log reaches, or counts from another activation, drops everything.
/// </summary>
internal sealed class SessionChangeLog
{
    /// <summary>Identities and tenants in all changes that are kept.</summary>
    private const int Capacity = 20_000;

    private readonly Queue<string[]> _last = new();
    private int _dropped;

    public string Epoch { get; } = Guid.NewGuid().ToString("N");

    /// <summary>How many changes there were.</summary>
    public long Sequence { get; private set; }

    /// <summary>Adds one change.</summary>
    /// <param name="dropped">The identities and tenants of which no decision is good any more.</param>
    public void Add(params string[] dropped)
    {
        Sequence++;
        _last.Enqueue(dropped);
        _dropped += dropped.Length;
        while (_dropped > Capacity)
        {
            _dropped -= _last.Dequeue().Length;
        }
    }

    /// <summary>Adds that no decision is good any more.</summary>
    public void AddAll()
    {
        Sequence++;
        _last.Clear();
        _dropped = 0;
    }

    /// <summary>What a gateway at a position has missed; its position and snapshot are for the caller to fill in.</summary>
    public SnapshotUpdate Since(SnapshotPosition known)
    {
        var missed = Sequence - known.Sequence;
        return known.Epoch == Epoch && missed >= 0 && missed <= _last.Count
            ? For(known.Format, new SnapshotUpdate
            {
                Position = known, ChangedSessions = [.. _last.Skip(_last.Count - (int)missed).SelectMany(change => change)]
            })
            : new SnapshotUpdate { Position = known, DropAllDecisions = true };
    }

    /// <summary>A version before knows of no tenants: it drops everything.</summary>
    public static SnapshotUpdate For(int format, SnapshotUpdate update) =>
        format < SnapshotPosition.Parts && update.ChangedSessions.Any(dropped => !dropped.Contains('/'))
        ? update with { DropAllDecisions = true }
        : update;
}
