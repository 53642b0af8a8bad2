using System.Globalization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>A page of a listing, as asked for by <c>n</c> and <c>last</c> (OCI distribution-spec, "Listing Tags").</summary>
/// <param name="Size">How many entries at most; 0 for an empty list.</param>
/// <param name="Limited">Whether the client asked for a size.</param>
/// <param name="Last">Entries come after this one, in ordinal order; empty for all.</param>
/// <param name="Position">Where the listing goes on at its upstreams, as a <c>Link</c> said it; <c>null</c> at its beginning.</param>
internal sealed record Page(int Size, bool Limited, string Last, string? Position = null)
{
    /// <summary>The largest page.</summary>
    public const int MaxSize = 1000;

    /// <summary>The error for a client whose page cannot be read.</summary>
    public static DistributionError Malformed { get; } = DistributionError.Unsupported(
        "n must be a number and n, last and next may be given once", 400);

    /// <summary>The error for a client whose position is not one that it was given.</summary>
    public static DistributionError Lost { get; } = DistributionError.Unsupported(
        "next is none that this listing gave to this login, or the route is another one now; begin the listing again", 400);

    /// <summary>Reads the page; <c>false</c> when <c>n</c> is not a number or a parameter is repeated.</summary>
    public static bool TryParse(QueryParameters query, out Page page)
    {
        page = null!;
        if (!query.TryGetSingle("n", out var n) || !query.TryGetSingle("last", out var last)
            || !query.TryGetSingle("next", out var position))
        {
            return false;
        }

        var size = MaxSize;
        if (n is not null && !IsNumber(n, out size))
        {
            return false;
        }

        page = new Page(size, n is not null, last ?? "", position);
        return true;
    }

    private static bool IsNumber(string text, out int size)
    {
        size = 0;
        if (text.Length is 0 or > 20 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        size = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (int)Math.Min(number, MaxSize) : MaxSize;
        return true;
    }
}
