using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The last changes of sessions, counted. Who is further behind than the log reaches, or counts from another activation, drops everything.</summary>
internal sealed class SessionChangeLog
{
    private const int Capacity = 1000;

    private readonly Queue<string> _last = new();

    public string Epoch { get; } = Guid.NewGuid().ToString("N");

    /// <summary>How many changes there were.</summary>
    public long Sequence { get; private set; }

    public void Add(string sessionKey)
    {
        Sequence++;
        _last.Enqueue(sessionKey);
        if (_last.Count > Capacity)
        {
            _last.Dequeue();
        }
    }

    /// <summary>What a gateway at a position has missed; its position and snapshot are for the caller to fill in.</summary>
    public SnapshotUpdate Since(SnapshotPosition known)
    {
        var missed = Sequence - known.Sequence;
        return known.Epoch == Epoch && missed >= 0 && missed <= _last.Count
            ? new SnapshotUpdate { Position = known, ChangedSessions = [.. _last.Skip(_last.Count - (int)missed)] }
            : new SnapshotUpdate { Position = known, DropAllDecisions = true };
    }
}
