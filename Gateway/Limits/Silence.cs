using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// That there was no answer, for as long as what the cluster said before is good for: after that it is asked again, whoever is waited for.
/// </summary>
internal sealed class Silence(TimeProvider time)
{
    private const long None = long.MinValue;

    private long _since = None;

    /// <summary>Whether nobody has to wait for an answer.</summary>
    public bool Lasts => Volatile.Read(ref _since) is var since && since != None && time.GetElapsedTime(since) < LimitSharing.Lifetime;

    /// <summary>There was no answer.</summary>
    public void Begin() => Volatile.Write(ref _since, time.GetTimestamp());

    /// <summary>There was one, or there is something else to ask for.</summary>
    public void End() => Volatile.Write(ref _since, None);
}
