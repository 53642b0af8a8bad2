using System.Runtime.CompilerServices;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Some registries have several servers that know a token only a while after it was issued, and refuse it until then. A request whose fresh
/// token is refused waits so long and is sent once more; of an upstream where that did not help, none does for a while.
/// </summary>
internal sealed class LateTokens(TimeProvider time)
{
    /// <summary>How long a token may need until it is known everywhere.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(1.5);

    /// <summary>How long nobody waits after a wait that was in vain.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private const string Bearer = "Bearer ";

    private readonly ConditionalWeakTable<Upstream, StrongBox<long>> _vain = [];

    /// <summary>Whether a refusal may be of a token that is not known everywhere yet.</summary>
    public bool MayBe(Upstream upstream, UpstreamToken token, DateTimeOffset now) => !token.WasAccepted
        && token.Authorization?.Reveal().StartsWith(Bearer, StringComparison.Ordinal) == true
        && Math.Abs(now.ToUnixTimeMilliseconds() - token.Generation) < Delay.TotalMilliseconds
        && !(_vain.TryGetValue(upstream, out var at) && time.GetElapsedTime(Volatile.Read(ref at.Value)) < Pause);

    /// <summary>Waits until the token is known.</summary>
    public Task Wait(CancellationToken cancellation) => Task.Delay(Delay, time, cancellation);

    /// <summary>It was refused after that, too.</summary>
    public void WasInVain(Upstream upstream) => Volatile.Write(ref _vain.GetOrCreateValue(upstream).Value, time.GetTimestamp());
}
