using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>
/// What a repository's upstream, or the storage behind it, makes of ranges, as it was seen of late: object stores answer several at once
/// with the whole, some registries answer each with the whole.
/// </summary>
internal sealed class RangeSupport(TimeProvider time)
{
    /// <summary>How long it is remembered.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>Repositories that are remembered at once.</summary>
    public const int Capacity = 10_000;

    /// <summary>What that may hold, in bytes.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>When ranges were refused there, and how many at once.</summary>
    private readonly WeighedCache<(string Place, bool IsOfOne), (long At, int Count)> _refused =
        new(Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Place));

    /// <summary>Whether it is worth asking for one range.</summary>
    public bool TakesOne(Fetch fetch) => !IsRefused(fetch, isOfOne: true, 1);

    /// <summary>
    /// Whether it is worth asking for so many at once: a server that takes a few of them refuses hundreds, which a stranger may have
    /// asked for.
    /// </summary>
    public bool TakesSeveral(Fetch fetch, int count) => !IsRefused(fetch, isOfOne: false, count);

    /// <summary>A range was answered with the whole.</summary>
    public void RefusedOne(Fetch fetch) => _refused.Set((PlaceOf(fetch), true), (time.GetTimestamp(), 1));

    /// <summary>So many at once were answered with something else than parts.</summary>
    public void RefusedSeveral(Fetch fetch, int count)
    {
        var place = (PlaceOf(fetch), false);
        var few = _refused.TryGet(place, out var known) && time.GetElapsedTime(known.At) < Life ? Math.Min(known.Count, count) : count;
        _refused.Set(place, (time.GetTimestamp(), few));
    }

    private bool IsRefused(Fetch fetch, bool isOfOne, int count) =>
        _refused.TryGet((PlaceOf(fetch), isOfOne), out var refused) && count >= refused.Count && time.GetElapsedTime(refused.At) < Life;

    private static string PlaceOf(Fetch fetch) => $"{fetch.Destination.Upstream.Name}/{fetch.Destination.Name}";
}
