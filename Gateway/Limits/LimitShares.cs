using System.Collections.Concurrent;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// The limits of the cluster that this gateway is asked for now. What it was asked for is told the cluster every second, and sooner when it
/// has too little; a gateway that is alone has everything and tells nobody.
/// </summary>
internal sealed class LimitShares
{
    /// <summary>Limits that are told of at a time; of those beyond each gateway has an equal part.</summary>
    internal const int Capacity = 10_000;

    /// <summary>So many of those are kept for whole tenants: addresses and identities may be invented by the thousand.</summary>
    private const int OfTenants = Capacity / 5;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.2);

    /// <summary>A silo that has just begun to count counts too few: fewer gateways are believed after this time.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<LimitShare> _listed = new();
    private TaskCompletionSource _hurry = New();
    private volatile int _gateways = 1;
    private long _fewerSince;
    private int _permits;

    public LimitShares(TimeProvider time)
    {
        _time = time;
        Lifetime = (long)(LimitSharing.Lifetime.TotalSeconds * time.TimestampFrequency);
        Permits = [.. Enumerable.Range(0, LimitSharing.Shards).Select(_ => new PermitShard(this, time))];
    }

    /// <summary>Names this gateway to the cluster.</summary>
    public string Gateway { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The limits whose units are counted one by one, by the grain that shares them out.</summary>
    public IReadOnlyList<PermitShard> Permits { get; }

    /// <summary>How many gateways share the limits; 1 or more.</summary>
    public int Gateways
    {
        get => _gateways;
        set
        {
            var gateways = Math.Max(1, value);
            _fewerSince = gateways >= _gateways ? 0 : _fewerSince == 0 ? Now : _fewerSince;
            if (gateways >= _gateways || _time.GetElapsedTime(_fewerSince) >= Doubt)
            {
                (_gateways, _fewerSince) = (gateways, 0);
            }
        }
    }

    /// <summary>The time, in ticks of the clock.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>How long a share is good for, in ticks of the clock.</summary>
    public long Lifetime { get; }

    /// <summary>Seconds between two times.</summary>
    public double Seconds(long from, long to) => _time.GetElapsedTime(from, to).TotalSeconds;

    /// <summary>Takes up a limit that is asked for; <c>false</c> when there are too many.</summary>
    public bool List(LimitShare share)
    {
        if (_listed.Count >= Capacity)
        {
            return false;
        }

        _listed.Enqueue(share);
        return true;
    }

    /// <summary>Whether there is room for one more limit of permits; it is taken.</summary>
    /// <param name="isOfTenant">Whether it is the limit of a whole tenant.</param>
    public bool ListPermits(bool isOfTenant)
    {
        if (Interlocked.Increment(ref _permits) <= (isOfTenant ? Capacity : Capacity - OfTenants))
        {
            return true;
        }

        UnlistPermits();
        return false;
    }

    /// <summary>A limit of permits is asked for no more.</summary>
    public void UnlistPermits() => Interlocked.Decrement(ref _permits);

    /// <summary>A share is too small: the cluster is told soon.</summary>
    public void Hurry() => Volatile.Read(ref _hurry).TrySetResult();

    /// <summary>Whether the cluster is to be told soon.</summary>
    public bool IsHurried => Volatile.Read(ref _hurry).Task.IsCompleted;

    /// <summary>Waits until the cluster is to be told again.</summary>
    public async Task Due(CancellationToken stop)
    {
        await Task.Delay(Soon, _time, stop);
        await Volatile.Read(ref _hurry).Task.WaitAsync(LimitSharing.Period - Soon, _time, stop)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Tells the cluster what is asked for, and takes what it says.</summary>
    /// <param name="ask">Asks one of its grains; <c>null</c> when there is no answer.</param>
    public Task Tell(Func<int, string, int, LimitDemand[], Task<double[]?>> ask)
    {
        List<LimitShare> shares = [];
        Volatile.Write(ref _hurry, New());
        while (shares.Count < Capacity && _listed.TryDequeue(out var share))
        {
            shares.Add(share);
        }

        return Task.WhenAll(shares.GroupBy(share => share.Name.Shard)
            .SelectMany(shard => shard.Chunk(LimitSharing.MaxDemands).Select(part => Tell(shard.Key, part, ask))));
    }

    private async Task Tell(int shard, LimitShare[] shares, Func<int, string, int, LimitDemand[], Task<double[]?>> ask)
    {
        var demands = Array.ConvertAll(shares, share => share.Take());
        var answers = await ask(shard, Gateway, _gateways, demands);
        for (var i = 0; i < shares.Length; i++)
        {
            if (!(answers?.Length == shares.Length && shares[i].Settle(demands[i], answers[i]) && List(shares[i])))
            {
                shares[i].Unlist();
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
