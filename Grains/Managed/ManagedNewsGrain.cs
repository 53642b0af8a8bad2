using System.Security.Cryptography;

namespace RegistryProxy.Grains.Managed;

/// <summary>Which parts of tenants may have been written since a silo asked last; key 0. Internal: no client may call it.</summary>
[Alias("rp.IManagedNewsGrain")]
internal interface IManagedNewsGrain : IGrainWithIntegerKey
{
    /// <summary>The part of a tenant is about to be written.</summary>
    [Alias("Announce"), ResponseTimeout("00:00:03")]
    ValueTask Announce(string tenant);

    /// <summary>What a silo has not heard of.</summary>
    /// <param name="heard">What it was told last; <c>null</c> the first time.</param>
    [Alias("Since"), ResponseTimeout("00:00:03")]
    ValueTask<ManagedNews> Since(ManagedMark? heard);
}

/// <summary>How far a silo has heard.</summary>
/// <param name="Epoch">Of the grain that told.</param>
/// <param name="Number">Of its last announcement.</param>
[GenerateSerializer, Immutable, Alias("rp.managed-mark")]
internal sealed record ManagedMark([property: Id(0)] string Epoch, [property: Id(1)] long Number);

/// <summary>What a silo has to read.</summary>
/// <param name="Mark">How far that is.</param>
/// <param name="Tenants">The tenants; <c>null</c> for all.</param>
[GenerateSerializer, Immutable, Alias("rp.managed-news")]
internal sealed record ManagedNews([property: Id(0)] ManagedMark Mark, [property: Id(1)] IReadOnlyList<string>? Tenants);

/// <summary>In memory: who hears of an epoch for the first time reads everything.</summary>
[GrainType("managednews")]
internal sealed class ManagedNewsGrain : Grain, IManagedNewsGrain
{
    /// <summary>How many tenants are told apart; beyond that an epoch begins. Some 200 bytes for one.</summary>
    private const int Capacity = 10_000;

    private readonly Dictionary<string, long> _announced = [];
    private ManagedMark _mark = NewEpoch();

    public ValueTask Announce(string tenant)
    {
        if (_announced.Count >= Capacity && !_announced.ContainsKey(tenant))
        {
            _announced.Clear();
            _mark = NewEpoch();
        }

        _mark = _mark with { Number = _mark.Number + 1 };
        _announced[tenant] = _mark.Number;
        return default;
    }

    public ValueTask<ManagedNews> Since(ManagedMark? heard) => new(new ManagedNews(_mark, heard == _mark ? []
        : heard?.Epoch != _mark.Epoch ? null
        : [.. _announced.Where(one => one.Value > heard.Number).Select(one => one.Key)]));

    private static ManagedMark NewEpoch() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), 0);
}
