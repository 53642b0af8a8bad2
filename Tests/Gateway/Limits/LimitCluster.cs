using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Limits;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>Gateways that keep the limits of a cluster, in virtual time.</summary>
internal sealed class LimitCluster(FakeTimeProvider time, int gateways)
{
    private readonly HashSet<int> _asked = [];
    private Dictionary<int, (LimitBook Rates, PermitBook Permits)> _books = [];

    /// <summary>The gateways.</summary>
    public IReadOnlyList<LimitShares> Gateways { get; } =
        [.. Enumerable.Range(0, gateways).Select(_ => new LimitShares(time) { Gateways = gateways })];

    /// <summary>Whether no grain answers.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Questions that were asked.</summary>
    public int Questions { get; private set; }

    /// <summary>The grains begin anew on another silo.</summary>
    public void Move() => _books = [];

    /// <summary>A moment goes by: who waits is asked for, and so is who has too little or was not asked for a second.</summary>
    public async Task Tick(int tick)
    {
        time.Advance(TimeSpan.FromMilliseconds(10));
        await Ask(tick % 100 == 0 ? Enumerable.Range(0, LimitSharing.Shards) : _asked);
        for (var gateway = tick % 20; gateway < Gateways.Count; gateway += 20)
        {
            if ((tick - gateway) % 100 == 0 || Gateways[gateway].IsHurried)
            {
                await Gateways[gateway].Tell(Share);
            }
        }
    }

    /// <summary>Waits for an answer of the cluster, as a request does.</summary>
    public async Task<T> Answer<T>(ValueTask<T> question)
    {
        var task = question.AsTask();
        while (!task.IsCompleted)
        {
            // It waits for an answer, which comes at once, or goes on with one in this moment.
            await Ask(Enumerable.Range(0, LimitSharing.Shards));
            await Task.Yield();
        }

        return await task;
    }

    private async Task Ask(IEnumerable<int> shards)
    {
        foreach (var (shard, gateway) in shards.SelectMany(shard => Gateways.Select(gateway => (shard, gateway.Permits[shard])))
            .Where(asked => asked.Item2.IsDue).ToList())
        {
            var book = BookOf(shard).Permits;
            _asked.Add(shard);
            Questions++;
            await gateway.Tell((name, count, demands) => Task.FromResult(
                IsSilent ? null : Array.ConvertAll(demands, demand => book.Grant(name, count, demand))));
        }
    }

    private Task<double[]?> Share(int shard, string gateway, int count, LimitDemand[] demands)
    {
        var book = BookOf(shard).Rates;
        return Task.FromResult(IsSilent ? null : Array.ConvertAll(demands, demand => book.Share(gateway, count, demand)));
    }

    private (LimitBook Rates, PermitBook Permits) BookOf(int shard) => _books.TryGetValue(shard, out var known)
        ? known : _books[shard] = (new LimitBook(time), new PermitBook(time));
}
