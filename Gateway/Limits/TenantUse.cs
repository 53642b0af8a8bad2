using BitFaster.Caching.Lru;

namespace RegistryProxy.Gateway.Limits;

/// <summary>What one tenant uses of this gateway now.</summary>
internal sealed class TenantUse(TimeProvider time)
{
    /// <summary>How many identities are told apart.</summary>
    private const int Capacity = 10_000;

    private readonly ConcurrentLru<string, RateGate> _identities = new(Capacity);
    private int _streams;

    public RateGate Requests { get; } = new(time);

    public RateGate Bytes { get; } = new(time);

    public RateGate OfIdentity(string identity) => _identities.GetOrAdd(identity, static (_, time) => new RateGate(time), time);

    /// <summary>Counts a stream in, unless there are as many as there may be.</summary>
    public bool TryBeginStream(int most)
    {
        if (Interlocked.Increment(ref _streams) <= most)
        {
            return true;
        }

        EndStream();
        return false;
    }

    public void EndStream() => Interlocked.Decrement(ref _streams);
}
