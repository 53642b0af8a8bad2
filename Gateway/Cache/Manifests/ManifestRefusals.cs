using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// What upstreams did not give: for types that nobody pulls with it is not asked again at once, and in a repository where something was
/// refused, or is of a type for which no tags are kept, it is asked with HEAD first, which costs no pull.
/// </summary>
internal sealed class ManifestRefusals(InvalidationClock clock, TimeProvider time)
{
    private const int Capacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>How many repositories are known that are asked with HEAD first.</summary>
    private const int DoubtCapacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int DoubtMaxBytes = 4 * 1024 * 1024;

    /// <summary>How long a refusal is believed.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    /// <summary>How long a repository is asked with HEAD first.</summary>
    private static readonly TimeSpan MaxDoubt = TimeSpan.FromMinutes(10);

    private readonly WeighedCache<RefusalKey, Refusal> _refusals = new(Capacity, MaxBytes, static (key, refusal) =>
        100 + TextWeight.Of(key.Repository.Name.Value) + TextWeight.Of(key.Reference.ToString()) + TextWeight.Of(refusal.Error.Message));

    private readonly WeighedCache<TenantRepository, long> _doubts = new(
        DoubtCapacity, DoubtMaxBytes, static (repository, _) => TextWeight.Of(repository.Name.Value));

    /// <summary>Something of an unusual type is there.</summary>
    public void Doubt(in TenantRepository repository) => _doubts.Set(repository, time.GetTimestamp());

    /// <summary>Whether something was refused there of late, or is of an unusual type.</summary>
    public bool IsDoubtful(in TenantRepository repository) => _doubts.TryGet(repository, out var at) && time.GetElapsedTime(at) < MaxDoubt;

    /// <summary>What the upstream said just now, unless something was written since.</summary>
    public DistributionError? Find(in RefusalKey key) =>
        _refusals.TryGet(key, out var refusal) && time.GetElapsedTime(refusal.Mark.At) < MaxAge
        && clock.Believes(key.Repository.Place, refusal.Mark.At) && clock.MayLearn(key.Target, refusal.Mark)
            ? refusal.Error
            : null;

    /// <summary>Keeps what an upstream said.</summary>
    /// <param name="mark">Taken before it was asked.</param>
    public void Learn(in RefusalKey key, AcceptedTypes accepted, DistributionError error, in WriteMark mark)
    {
        Doubt(key.Repository);
        if (!accepted.AreUsual && !accepted.NamesOthers)
        {
            _refusals.Set(key, new Refusal(error, mark));
        }
    }

    private sealed record Refusal(DistributionError Error, WriteMark Mark);
}

/// <summary>What was asked for.</summary>
internal readonly record struct RefusalKey(TenantRepository Repository, ManifestReference Reference, ManifestTypes Accept)
{
    public WriteTarget Target => new(Repository.Address, Repository.Name, Reference);
}
