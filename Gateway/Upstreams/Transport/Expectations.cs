using System.Runtime.CompilerServices;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>Which upstreams do not want to be asked whether they want a body.</summary>
internal sealed class Expectations(TimeProvider time)
{
    /// <summary>How long it is remembered.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly ConditionalWeakTable<Upstream, StrongBox<long>> _refused = [];

    /// <summary>Whether an upstream refused to be asked of late.</summary>
    public bool Refuses(Upstream upstream) =>
        _refused.TryGetValue(upstream, out var at) && time.GetElapsedTime(Volatile.Read(ref at.Value)) < Life;

    /// <summary>An upstream refused to be asked.</summary>
    public void Refused(Upstream upstream) => Volatile.Write(ref _refused.GetOrCreateValue(upstream).Value, time.GetTimestamp());
}
