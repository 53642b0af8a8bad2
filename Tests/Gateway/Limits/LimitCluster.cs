using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Limits;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>Gateways that keep the limits of a cluster, in virtual time.</summary>
internal sealed class LimitCluster(FakeTimeProvider time, int gateways)
{
    private readonly HashSet<int> _asked = [];
    private Dictionary<int, PermitBook> _books = [];

    /// <summary>The gateways.</summary>
    public IReadOnlyList<LimitShares> Gateways { get; } =
        [.. Enumerable.Range(0, gateways).Select(_ => new LimitShares(time) { Gateways = gateways })];

    /// <summary>How much time goes by in a moment.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Whether no grain answers.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether the grains have too many limits.</summary>
    public bool IsFull { get; set; }

    /// <summary>Questions that were asked.</summary>
    public int Questions { get; private set; }

    /// <summary>The grains begin anew on another silo.</summary>
    public void Move() => _books = [];

    /// <summary>A moment goes by: who waits is asked for, and so is who has too little or was not asked for a second.</summary>
    public async Task Tick(int tick)
    {
        time.Advance(Step);
        await Ask(tick % 100 == 0 ? Enumerable.Range(0, LimitSharing.Shards) : _asked);
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
            var book = BookOf(shard);
            _asked.Add(shard);
            Questions++;
            await gateway.Tell((name, count, demands) => Task.FromResult(
                IsSilent ? null : Array.ConvertAll(
                    demands, demand => IsFull ? new PermitGrant(-1, 0, 0) : book.Grant(name, count, demand))));
        }
    }

    private PermitBook BookOf(int shard) => _books.TryGetValue(shard, out var known) ? known : _books[shard] = new PermitBook(time);
}
