namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// Client routing: the keys of the relay grains. As stateless workers they run wherever their call arrives: each key leads through one
/// silo, and one after the other they lead through all. A relay that did not respond is avoided for a while, if there are others.
/// </summary>
internal sealed class Relays(TimeProvider time)
{
    /// <summary>How many there are.</summary>
    public const int Count = 24;

    /// <summary>By then the cluster has declared a silent silo dead, and its relays run elsewhere.</summary>
    private static readonly TimeSpan Avoidance = TimeSpan.FromSeconds(8);

    private readonly long[] _silentSince = new long[Count];
    private uint _turn;

    /// <summary>The next relay.</summary>
    public int Next()
    {
        for (var looked = 0; looked < Count; looked++)
        {
            var relay = Turn();
            if (!IsSilent(relay))
            {
                return relay;
            }
        }

        return Turn();
    }

    /// <summary>Whether this relay did not respond a moment ago.</summary>
    public bool IsSilent(int relay) =>
        Volatile.Read(ref _silentSince[relay]) is not 0 and var since && time.GetElapsedTime(since) < Avoidance;

    /// <summary>Whether any did not.</summary>
    public bool AnyIsSilent
    {
        get
        {
            for (var relay = 0; relay < Count; relay++)
            {
                if (IsSilent(relay))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>This relay did not respond.</summary>
    public void WasSilent(int relay) => Volatile.Write(ref _silentSince[relay], time.GetTimestamp());

    /// <summary>Something came back.</summary>
    public void Answered(int relay) => Volatile.Write(ref _silentSince[relay], 0);

    private int Turn() => (int)(Interlocked.Increment(ref _turn) % Count);
}
