using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Listings that clients page through: what was read for a client's first page serves the next ones. A listing that begins anew is
/// always read anew.
/// </summary>
internal sealed class HeldListings(TimeProvider time)
{
    /// <summary>How many are kept at once.</summary>
    public const int Capacity = 10_000;

    /// <summary>What they may weigh together, in bytes.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>How long one is kept after it was read, or used for another page.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    /// <summary>How long it may be used after it was read.</summary>
    public static readonly TimeSpan MaxLife = TimeSpan.FromMinutes(10);

    private readonly WeighedCache<ListingKey, ListedNames> _listings = new(
        Capacity, MaxBytes, static (key, names) => TextWeight.Of(key.Tenant) + TextWeight.Of(key.Path) + TextWeight.Of(key.From ?? "")
            + names.Weight);

    private readonly ListingMemory _memory = new();

    /// <summary>The listing as it was read of late; <c>null</c> when it was not.</summary>
    public ListedNames? Find(ListingKey key)
    {
        if (_listings.TryGet(key, out var listing) && time.GetElapsedTime(listing.UsedAt) < MaxAge
            && time.GetElapsedTime(listing.ReadAt) < MaxLife)
        {
            listing.UsedAt = time.GetTimestamp();
            return listing;
        }

        _listings.Remove(key);
        return null;
    }

    /// <summary>Begins one that is read now.</summary>
    public ListedNames Begin() => new(_memory) { ReadAt = time.GetTimestamp() };

    /// <summary>Keeps one that was read, unless its names were too many.</summary>
    public void Keep(ListingKey key, ListedNames listing)
    {
        if (listing.IsKept)
        {
            listing.UsedAt = time.GetTimestamp();
            _listings.Set(key, listing);
        }
    }
}

/// <summary>A listing of an upstream, as a tenant reads it.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Upstream">The <see cref="Upstream.Identity"/> of the upstream.</param>
/// <param name="Path">The listing there, without its query.</param>
/// <param name="From">The first of its pages; <c>null</c> for the beginning of the listing.</param>
/// <param name="Pages">How many pages; 0 for as many as are read for one request.</param>
internal readonly record struct ListingKey(string Tenant, string Upstream, string Path, string? From, int Pages);
