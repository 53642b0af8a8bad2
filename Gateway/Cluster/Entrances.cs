namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// The ways into the cluster, as keys of stateless workers: each key leads through one silo, and one after the other they lead through all.
/// A way that was silent is left alone for a while, if there are others.
/// </summary>
internal sealed class Entrances(TimeProvider time)
{
    /// <summary>How many there are.</summary>
    public const int Ways = 24;

    /// <summary>By then the cluster has declared a silent silo dead, and its ways lead elsewhere.</summary>
    private static readonly TimeSpan Avoidance = TimeSpan.FromSeconds(8);

    private readonly long[] _silentSince = new long[Ways];
    private uint _turn;

    /// <summary>The next way.</summary>
    public int Next()
    {
        for (var looked = 0; looked < Ways; looked++)
        {
            var way = Turn();
            if (!IsSilent(way))
            {
                return way;
            }
        }

        return Turn();
    }

    /// <summary>Whether nothing came back by this way a moment ago.</summary>
    public bool IsSilent(int way) => Volatile.Read(ref _silentSince[way]) is not 0 and var since && time.GetElapsedTime(since) < Avoidance;

    /// <summary>Whether that is so of any way.</summary>
    public bool AnyIsSilent
    {
        get
        {
            for (var way = 0; way < Ways; way++)
            {
                if (IsSilent(way))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Nothing came back by this way.</summary>
    public void WasSilent(int way) => Volatile.Write(ref _silentSince[way], time.GetTimestamp());

    /// <summary>Something came back.</summary>
    public void Answered(int way) => Volatile.Write(ref _silentSince[way], 0);

    private int Turn() => (int)(Interlocked.Increment(ref _turn) % Ways);
}
