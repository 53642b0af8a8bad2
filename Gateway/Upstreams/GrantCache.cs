using BitFaster.Caching.Lru;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Live grants, so that a warm request asks no grain. A grant past its refresh time is used on while a newer one is fetched in the
/// background; concurrent misses share one question.
/// </summary>
internal sealed class GrantCache(IGrainFactory grains, ClusterQuestions questions, GrainCallMeter meter, TimeProvider time)
{
    /// <summary>How many upstream × scope pairs are kept.</summary>
    private const int Capacity = 20_000;

    private readonly ConcurrentLru<UpstreamTokenKey, GrantSlot> _slots = new(Capacity);

    /// <summary>The grant of an upstream and scope, or why there is none.</summary>
    public ValueTask<UpstreamGrantResult> Get(UpstreamTokenKey key, CancellationToken cancellation)
    {
        var slot = _slots.GetOrAdd(key, static _ => new GrantSlot());
        var now = time.GetUtcNow();
        if (slot.Current is not { Grant: { } grant } current || now >= grant.Expires)
        {
            return new ValueTask<UpstreamGrantResult>(slot.Join(() => Fetch(slot, key)).WaitAsync(cancellation));
        }

        if (now >= grant.RefreshAfter)
        {
            _ = slot.Join(() => Fetch(slot, key));
        }

        return new ValueTask<UpstreamGrantResult>(current);
    }

    /// <summary>Whether a live grant is at hand.</summary>
    public bool Has(UpstreamTokenKey key) => _slots.TryGet(key, out var slot) && slot.Current?.Grant is { } grant && time.GetUtcNow() < grant.Expires;

    /// <summary>The upstream refused this grant: the next one, or why there is none.</summary>
    public async ValueTask<UpstreamGrantResult> Replace(UpstreamTokenKey key, UpstreamGrant refused, CancellationToken cancellation)
    {
        var slot = _slots.GetOrAdd(key, static _ => new GrantSlot());
        slot.Drop(refused.Generation);
        meter.Count("upstream_token");
        return slot.Keep(await Ask(() => Grain(key).Replace(refused.Generation, cancellation).AsTask()));
    }

    public void Clear() => _slots.Clear();

    private async Task<UpstreamGrantResult> Fetch(GrantSlot slot, UpstreamTokenKey key)
    {
        await Task.Yield();
        meter.Count("upstream_token");
        return slot.Keep(await Ask(() => questions.Ask(
            late => Grain(key).GetGrant(late),
            (entrance, late) => entrance.GetGrant(key.ToString(), late),
            Patience.Grant,
            CancellationToken.None)));
    }

    private IUpstreamTokenGrain Grain(UpstreamTokenKey key) => grains.GetGrain<IUpstreamTokenGrain>(key.ToString());

    private static async Task<UpstreamGrantResult> Ask(Func<Task<UpstreamGrantResult>> question)
    {
        try
        {
            return await question();
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return UpstreamGrantResult.Of(new UpstreamFailure(
                UpstreamFailureKind.Unreachable, "the cluster that keeps the upstream's credentials does not answer", 5));
        }
    }
}
