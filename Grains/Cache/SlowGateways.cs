using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <summary>
/// Gateways that did not answer when they were told of a write. One that does so again within a while is told of none for a time, which
/// grows: it asks upstreams about what it keeps, instead of having everybody's pushes wait for it again and again.
/// </summary>
internal sealed class SlowGateways(TimeProvider time)
{
    /// <summary>The longest time for which one is told of nothing.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private static readonly Doubling Pauses = new(TimeSpan.FromSeconds(10), LongestPause);

    /// <summary>Who answered for so long is as good as any other.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ICacheObserver, (long At, int Times)> _known = [];

    /// <summary>How many are remembered.</summary>
    public int Count => _known.Count;

    /// <summary>Whether a gateway is to be left alone now.</summary>
    public bool Contains(ICacheObserver gateway) =>
        _known.TryGetValue(gateway, out var known) && time.GetElapsedTime(known.At) < Pause(known.Times);

    /// <summary>A gateway did not answer.</summary>
    public void Note(ICacheObserver gateway)
    {
        Forget();
        _known[gateway] = (time.GetTimestamp(), _known.TryGetValue(gateway, out var known) ? known.Times + 1 : 0);
    }

    /// <summary>The first time is no habit.</summary>
    private static TimeSpan Pause(int times) => times == 0 ? TimeSpan.Zero : Pauses.After(times);

    private void Forget()
    {
        foreach (var (gateway, known) in _known)
        {
            if (time.GetElapsedTime(known.At) > Pause(known.Times) + Forgotten)
            {
                _known.Remove(gateway);
            }
        }
    }
}
