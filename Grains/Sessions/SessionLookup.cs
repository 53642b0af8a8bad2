namespace RegistryProxy.Grains.Sessions;

/// <summary>Finds sessions by their ids in a list that nobody changes, only replaces. For the single thread of a grain.</summary>
internal sealed class SessionLookup
{
    private List<StoredSession>? _sessions;
    private Dictionary<string, StoredSession> _byId = [];

    /// <summary>A session of the list; <c>null</c> when there is none of this id.</summary>
    public StoredSession? Find(List<StoredSession> sessions, string id)
    {
        if (!ReferenceEquals(sessions, _sessions))
        {
            (_sessions, _byId) = (sessions, new Dictionary<string, StoredSession>(sessions.Count));
            sessions.ForEach(session => _byId.TryAdd(session.Id, session));
        }

        return _byId.GetValueOrDefault(id);
    }
}
