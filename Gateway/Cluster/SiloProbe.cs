using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>Finds relays that do not respond: those of a silo that is unresponsive and not yet declared dead.</summary>
internal sealed class SiloProbe(IGrainFactory grains, Relays relays, TimeProvider time)
{
    /// <summary>How long a relay may take to respond.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A relay that responded so lately leads where it did: under load it is probed so often, and not before each call.
    /// </summary>
    private static readonly TimeSpan Recently = TimeSpan.FromMilliseconds(50);

    /// <summary>How long it is known through which silo a relay leads.</summary>
    private static readonly TimeSpan MaxKnown = TimeSpan.FromSeconds(1);

    private readonly Known?[] _known = new Known?[Relays.Count];
    private readonly SingleFlight<bool> _look = new();

    /// <summary>Whether any relay does not respond; concurrent callers share one probe.</summary>
    public Task<bool> Look() => _look.Join(LookNow);

    /// <summary>
    /// A relay that responds now, for a call that is made once, and the silo on which it runs; <c>null</c> when that cannot be had. Where
    /// none responds, the next one.
    /// </summary>
    public async Task<(int Relay, string? Silo)> Open(CancellationToken cancellation)
    {
        var relay = relays.Next();
        if (Volatile.Read(ref _known[relay]) is { } known && time.GetElapsedTime(known.At) < MaxKnown
            && time.GetElapsedTime(known.AnsweredAt) < Recently)
        {
            return (relay, known.Silo);
        }

        if (await Ping(relay) is (true, var silo))
        {
            return (relay, silo);
        }

        await Look().WaitAsync(cancellation);
        relay = relays.Next();
        return (relay, (await Ping(relay)).Silo);
    }

    /// <summary>A call through an opened relay was answered: so its silo responds.</summary>
    public void Answered(int relay, string? silo)
    {
        if (Volatile.Read(ref _known[relay]) is { } known && known.Silo == silo)
        {
            Volatile.Write(ref _known[relay], known with { AnsweredAt = time.GetTimestamp() });
        }
    }

    /// <summary>Whether a relay runs on another silo than it did: its connection is gone, and with it the answer.</summary>
    public async Task<bool> HasMoved(int relay, string? silo) => silo is not null && await Ping(relay) is (true, { } now) && now != silo;

    private async Task<bool> LookNow()
    {
        var open = await Task.WhenAll(Enumerable.Range(0, Relays.Count).Select(relay => Ping(relay)));
        return !Array.TrueForAll(open, each => each.Open);
    }

    /// <summary>Whether a relay responds, and on which silo.</summary>
    private async Task<(bool Open, string? Silo)> Ping(int relay)
    {
        using var late = new CancellationTokenSource(Limit, time);
        try
        {
            var silo = await grains.GetGrain<IRelayGrain>(relay).Where(late.Token).AsTask().WaitAsync(late.Token);
            relays.Answered(relay);
            var now = time.GetTimestamp();
            Volatile.Write(ref _known[relay], new Known(silo, now, now));
            return (true, silo);
        }
        catch (Exception fault) when (fault is OperationCanceledException or TimeoutException)
        {
            relays.WasSilent(relay);
            Volatile.Write(ref _known[relay], null);
            return (false, null);
        }
        catch (Exception)
        {
            // Refused is not silent.
            Volatile.Write(ref _known[relay], null);
            return (true, null);
        }
    }

    /// <summary>Through which silo a relay leads, when that was asked, and when it last answered.</summary>
    private sealed record Known(string Silo, long At, long AnsweredAt);
}

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
