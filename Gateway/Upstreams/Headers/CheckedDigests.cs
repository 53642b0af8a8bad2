using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>
/// The digests of manifests that came from an upstream and were hashed here: what it says of a tag to a HEAD is passed on when it is one of
/// them.
/// </summary>
internal sealed class CheckedDigests
{
    /// <summary>How many are remembered.</summary>
    public const int Capacity = 50_000;

    /// <summary>What they may weigh together, in bytes.</summary>
    public const int MaxBytes = 24 * 1024 * 1024;

    private readonly WeighedCache<(string Upstream, Digest Digest), bool> _known = new(
        Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Digest.Value));

    /// <summary>A manifest of an upstream was hashed.</summary>
    /// <param name="upstream">Its identity.</param>
    /// <param name="digest">What the hash was.</param>
    public void Learn(string upstream, Digest digest) => _known.Set((upstream, digest), true);

    /// <summary>Whether one of an upstream was hashed that has this digest.</summary>
    public bool Has(string upstream, Digest digest) => _known.TryGet((upstream, digest), out _);
}
