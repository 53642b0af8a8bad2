using System.Collections.Concurrent;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>Finds relays that do not respond: those of a silo that is unresponsive and not yet declared dead.</summary>
internal sealed class SiloProbe(IGrainFactory grains, Relays relays, TimeProvider time)
{
    /// <summary>How long a relay may take to respond.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A silo that responded so lately, through whichever relay, needs no probe before a call: under load it is probed now and then.
    /// </summary>
    private static readonly TimeSpan Recently = TimeSpan.FromMilliseconds(50);

    /// <summary>After this time it is asked again, behind the calls, through which silo a relay leads.</summary>
    private static readonly TimeSpan Renewed = TimeSpan.FromSeconds(1);

    /// <summary>For how long that is known.</summary>
    private static readonly TimeSpan MaxKnown = TimeSpan.FromSeconds(3);

    /// <summary>Silos whose last answer is kept.</summary>
    private const int MaxSilos = 256;

    private readonly Known?[] _known = new Known?[Relays.Count];
    private readonly SingleFlight<(bool Open, string? Silo)>[] _asking = [.. Enumerable.Range(0, Relays.Count).Select(_ => New())];
    private readonly ConcurrentDictionary<string, Heard> _heard = new();
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
        if (KnownOf(relay) is { } known && time.GetElapsedTime(known.From.At) < Recently)
        {
            if (time.GetElapsedTime(known.At) >= Renewed)
            {
                Ask(relay).Ignore();
            }

            return (relay, known.From.Silo);
        }

        if (await Ask(relay) is (true, var silo))
        {
            return (relay, silo);
        }

        await Look().WaitAsync(cancellation);
        relay = relays.Next();
        return (relay, (await Ask(relay)).Silo);
    }

    /// <summary>A call through an opened relay was answered: so its silo responds.</summary>
    public void Answered(int relay, string? silo)
    {
        if (Volatile.Read(ref _known[relay]) is { } known && known.From.Silo == silo)
        {
            known.From.At = time.GetTimestamp();
        }
    }

    /// <summary>Whether a relay runs on another silo than it did: its connection is gone, and with it the answer.</summary>
    public async Task<bool> HasMoved(int relay, string? silo) => silo is not null && await Ping(relay) is (true, { } now) && now != silo;

    private static SingleFlight<(bool Open, string? Silo)> New() => new();

    private Known? KnownOf(int relay) =>
        Volatile.Read(ref _known[relay]) is { } known && time.GetElapsedTime(known.At) < MaxKnown ? known : null;

    private Task<(bool Open, string? Silo)> Ask(int relay) => _asking[relay].Join(() => Ping(relay));

    /// <summary>One relay of each silo speaks for it; where it does not respond, the others of that silo are asked, too.</summary>
    private async Task<bool> LookNow()
    {
        var ways = Enumerable.Range(0, Relays.Count).GroupBy(relay => KnownOf(relay)?.From.Silo ?? $"{relay}").Select(way => way.ToArray())
            .ToArray();
        var open = await Task.WhenAll(ways.Select(way => Ping(way[0])));
        await Task.WhenAll(ways.Zip(open).Where(way => !way.Second.Open).SelectMany(way => way.First.Skip(1)).Select(Ping));
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
            var from = HeardOf(silo);
            Volatile.Write(ref _known[relay], new Known(from, from.At = time.GetTimestamp()));
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

    private Heard HeardOf(string silo)
    {
        if (_heard.TryGetValue(silo, out var heard))
        {
            return heard;
        }

        if (_heard.Count >= MaxSilos)
        {
            // Silos that are gone; those that are there are heard of again.
            _heard.Clear();
        }

        return _heard.GetOrAdd(silo, new Heard(silo));
    }

    /// <summary>A silo, and when it answered last, through whichever relay.</summary>
    private sealed class Heard(string silo)
    {
        private long _at;

        public string Silo => silo;

        public long At
        {
            get => Volatile.Read(ref _at);
            set => Volatile.Write(ref _at, value);
        }
    }

    /// <summary>Through which silo a relay leads, when that was asked.</summary>
    private sealed record Known(Heard From, long At);
}

/// <summary>
/// Client routing: the keys of the relay grains. As stateless workers they run wherever their call arrives: each key leads through one
/// silo, and one after the other they lead through all. A relay that did not respond is avoided for a while, if there are others.
/// </summary>
internal sealed class Relays(TimeProvider time)
{
    /// <summary>How many there are: each gateway's lead through all silos, as many as fifty.</summary>
    public const int Count = 64;

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
