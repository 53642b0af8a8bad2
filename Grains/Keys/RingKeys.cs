using RegistryProxy.Background;
using RegistryProxy.Grains.Calls;

namespace RegistryProxy.Grains.Keys;

/// <summary>
/// The keys of the cluster that do not sign, for whoever seals on this silo: the same ones for half a minute, and older ones while the ring
/// cannot be asked, so that nobody waits for it and no stranger makes it work.
/// </summary>
internal sealed class RingKeys(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How long keys are used without asking.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>How long they are used while the question is under way.</summary>
    private static readonly TimeSpan Usable = TimeSpan.FromMinutes(10);

    /// <summary>How soon it may be asked again whether there are newer ones.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Ends before the beginning of a login by browser does, which needs the keys.</summary>
    internal static readonly GrainRetry Question =
        new(typeof(IKeyRingGrain), nameof(IKeyRingGrain.GetPublished), TimeSpan.FromSeconds(7.5));

    private volatile Known? _known;
    private readonly SingleFlight<PublishedKeys> _flight = new();

    /// <summary>The keys; waits only when there are none that can be used.</summary>
    /// <param name="cancellation">Ends the wait; the question goes on for the others.</param>
    public ValueTask<PublishedKeys> Current(CancellationToken cancellation = default) => NotOlderThan(Fresh, Usable, cancellation);

    /// <summary>The keys as they were a second ago: what is sealed with none of the current ones may be sealed with a newer one.</summary>
    /// <param name="cancellation">Ends the wait; the question goes on for the others.</param>
    public ValueTask<PublishedKeys> Latest(CancellationToken cancellation = default) => NotOlderThan(Pause, Pause, cancellation);

    private ValueTask<PublishedKeys> NotOlderThan(TimeSpan wanted, TimeSpan enough, CancellationToken cancellation)
    {
        var known = _known;
        if (known is not null && time.GetElapsedTime(known.At) < wanted)
        {
            return new(known.Keys);
        }

        var question = _flight.Join(Read);
        return known is not null && time.GetElapsedTime(known.At) < enough ? new(known.Keys) : new(question.WaitAsync(cancellation));
    }

    private async Task<PublishedKeys> Read()
    {
        var keys = await Question.Call(
            () => grains.GetGrain<IKeyRingGrain>(0).GetPublished(), time, CancellationToken.None);
        _known = new Known(keys, time.GetTimestamp());
        return keys;
    }

    private sealed record Known(PublishedKeys Keys, long At);
}
