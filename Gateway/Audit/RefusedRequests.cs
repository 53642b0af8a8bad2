using System.Collections.Concurrent;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// Refused requests of proved identities: each has its own line in the audit log, until its identity or its tenant has had as many as it
/// may in a second. Further ones are counted by identity and told when the second is over, so none can fill the log and none is missing.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RefusedRequests(TimeProvider time)
{
    /// <summary>Lines a second of one identity.</summary>
    public const int MaxOfIdentity = 20;

    /// <summary>Lines a second of one tenant, and identities whose further requests are counted for each of them.</summary>
    public const int MaxOfTenant = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Second> _tenants = new();
    private volatile bool _isLast;

    /// <summary>Counts one; whether it has a line of its own.</summary>
    public bool IsWritten(string tenant, (string Subject, string? Authenticator) identity)
    {
        var second = _tenants.GetOrAdd(tenant, static _ => new Second());
        lock (second)
        {
            if (IsOver(second))
            {
                second.Begin(time.GetTimestamp());
            }

            return second.Take(identity) || _isLast;
        }
    }

    /// <summary>What was counted without a line, of each tenant whose second is over: it counts as told.</summary>
    /// <param name="isLast">Whether it is never asked again: then also while a second runs, and later ones all have their line.</param>
    public List<(string Tenant, string? Subject, string? Authenticator, int Count)> TakeUntold(bool isLast = false)
    {
        _isLast |= isLast;
        List<(string, string?, string?, int)> untold = [];
        foreach (var (tenant, second) in _tenants)
        {
            lock (second)
            {
                if (isLast || IsOver(second))
                {
                    second.Clear((identity, count) => untold.Add((tenant, identity?.Subject, identity?.Authenticator, count)));
                }
            }
        }

        return untold;
    }

    private bool IsOver(Second second) => second.Since is not { } since || time.GetElapsedTime(since) >= Pause;

    private sealed class Second
    {
        private readonly Dictionary<(string Subject, string? Authenticator), (int Written, int Untold)> _identities = [];
        private int _written;
        private int _untold;

        /// <summary>When it began; by no clock that somebody sets.</summary>
        public long? Since { get; private set; }

        public void Begin(long now)
        {
            (Since, _written) = (now, 0);
            foreach (var (identity, (_, untold)) in _identities.ToList())
            {
                _identities[identity] = (0, untold);
            }
        }

        public bool Take((string Subject, string? Authenticator) identity)
        {
            var isKnown = _identities.TryGetValue(identity, out var had);
            if (!isKnown && _identities.Count == MaxOfTenant)
            {
                _untold++;
                return false;
            }

            var isWritten = _written < MaxOfTenant && had.Written < MaxOfIdentity;
            _identities[identity] = isWritten ? (had.Written + 1, had.Untold) : (had.Written, had.Untold + 1);
            _written += isWritten ? 1 : 0;
            return isWritten;
        }

        public void Clear(Action<(string Subject, string? Authenticator)?, int> tell)
        {
            foreach (var (identity, (_, untold)) in _identities.Where(one => one.Value.Untold > 0))
            {
                tell(identity, untold);
            }

            if (_untold > 0)
            {
                tell(null, _untold);
            }

            _identities.Clear();
            _untold = 0;
        }
    }
}
