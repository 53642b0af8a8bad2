using RegistryProxy.Background;

namespace RegistryProxy.Grains.Upstreams.Accounts;

/// <summary>Gateways whose breaker is open. One that died so says nothing any more, and is forgotten after a while.</summary>
/// <param name="time">The time.</param>
/// <param name="life">For how long the word of a gateway counts.</param>
internal sealed class OpenBreakers(TimeProvider time, TimeSpan life)
{
    private readonly Dictionary<string, TimeSpan> _open = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            Forget();
            return _open.Count;
        }
    }

    /// <summary>How many are remembered.</summary>
    internal int Remembered => _open.Count;

    /// <summary>A breaker opened or closed.</summary>
    public void Note(string gateway, bool open)
    {
        Forget();
        if (open)
        {
            _open[gateway] = time.GetSteadyNow();
        }
        else
        {
            _open.Remove(gateway);
        }
    }

    private void Forget()
    {
        var now = time.GetSteadyNow();
        foreach (var (gateway, at) in _open)
        {
            if (now - at >= life)
            {
                _open.Remove(gateway);
            }
        }
    }
}
