using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Whose the sessions of a list are, and who has most of them. Each change costs the same few steps, however many there are.
/// </summary>
internal sealed class SessionHolders
{
    private readonly Dictionary<(string Authenticator, string Subject), Holder> _holders = [];
    private readonly SortedSet<Holder> _byCount = new(Comparer<Holder>.Create(Compare));

    /// <summary>The oldest session of who has most; of several such ones the oldest of all. <c>null</c> when there is none.</summary>
    public string? OldestOfMost => _byCount.Min?.Sessions.Min.Id;

    public void Add(SessionSummary session)
    {
        var key = (session.Authenticator, session.Subject);
        if (_holders.TryGetValue(key, out var holder))
        {
            _byCount.Remove(holder);
        }
        else
        {
            _holders[key] = holder = new Holder(session.Authenticator, session.Subject);
        }

        holder.Sessions.Add((session.Opened, session.Session));
        _byCount.Add(holder);
    }

    public void Remove(SessionSummary session)
    {
        var key = (session.Authenticator, session.Subject);
        var holder = _holders[key];
        _byCount.Remove(holder);
        holder.Sessions.Remove((session.Opened, session.Session));
        if (holder.Sessions.Count == 0)
        {
            _holders.Remove(key);
        }
        else
        {
            _byCount.Add(holder);
        }
    }

    private static int Compare(Holder one, Holder other)
    {
        var order = other.Sessions.Count.CompareTo(one.Sessions.Count);
        order = order != 0 ? order : one.Sessions.Min.CompareTo(other.Sessions.Min);
        order = order != 0 ? order : string.CompareOrdinal(one.Subject, other.Subject);
        return order != 0 ? order : string.CompareOrdinal(one.Authenticator, other.Authenticator);
    }

    private sealed class Holder(string authenticator, string subject)
    {
        public string Authenticator => authenticator;

        public string Subject => subject;

        public SortedSet<(DateTimeOffset At, string Id)> Sessions { get; } = [];
    }
}
