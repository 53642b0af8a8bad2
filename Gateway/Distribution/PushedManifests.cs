using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// The manifests that identities pushed through this gateway of late: who may only push reads back by its digest what it sent itself, as
/// helm does before it tags it.
/// </summary>
internal sealed class PushedManifests(TimeProvider time)
{
    /// <summary>How long one may be read back.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    /// <summary>How many are remembered.</summary>
    public const int Capacity = 10_000;

    /// <summary>What they may weigh together, in bytes.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private readonly WeighedCache<PushedManifest, long> _known = new(Capacity, MaxBytes, static (key, _) =>
        TextWeight.Of(key.Owner) + TextWeight.Of(key.Repository.Value) + TextWeight.Of(key.Digest.Value));

    /// <summary>The upstream took it. What somebody pushed who may pull there, too, is not remembered.</summary>
    public void Learn(string tenant, Caller caller, RepositoryName repository, Digest digest)
    {
        if (!caller.MayEver(repository, RepositoryActions.Pull))
        {
            _known.Set(new PushedManifest(tenant, caller.Owner, repository, digest), time.GetTimestamp());
        }
    }

    /// <summary>Whether it was this caller who pushed it.</summary>
    public bool AreOf(string tenant, Caller caller, RepositoryName repository, Digest digest) =>
        _known.TryGet(new PushedManifest(tenant, caller.Owner, repository, digest), out var at) && time.GetElapsedTime(at) < MaxAge;

    private readonly record struct PushedManifest(string Tenant, string Owner, RepositoryName Repository, Digest Digest);
}
