using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing for one page of a client's: what was read for the page before is used again, so that paging costs the upstream each of
/// its pages once.
/// </summary>
internal sealed class ListingReader(UpstreamListing upstreams, HeldListings held)
{
    /// <summary>
    /// Hands on names that a page may hold. Of a listing beyond what is read for one request, whose names come in ascending order, the page
    /// ends where that ends, and the upstream is asked for what comes after the client's last name.
    /// </summary>
    public async Task<DistributionError?> ReadPage(
        string tenant, ListingQuestion question, PageEntries page, NameTaker take, CancellationToken cancellation)
    {
        var (key, after) = (KeyOf(tenant, question), page.Last);
        var known = after.Length > 0 ? held.Find(key) : null;
        if (known is { IsKept: true } && string.CompareOrdinal(known.From, after) <= 0 && string.CompareOrdinal(after, known.Greatest) < 0)
        {
            known.HandOn(take);
            page.IsCut = !known.IsWhole;
            return null;
        }

        var from = known is null or { IsWhole: true, IsKept: true, From: "" } ? "" : after;
        var (names, outcome) = await Read(key, question, from, take, cancellation);
        page.IsCut = outcome.IsBounded && names.IsAscending && page.HasAny;
        return page.IsCut ? null : outcome.Error;
    }

    /// <summary>Hands on all names.</summary>
    /// <param name="tenant">Whose listing it is.</param>
    /// <param name="question">The listing.</param>
    /// <param name="goesOn">Whether the client goes on with one that it began.</param>
    /// <param name="take">Takes a name, which may be any text.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DistributionError?> ReadAll(
        string tenant, ListingQuestion question, bool goesOn, NameTaker take, CancellationToken cancellation)
    {
        var key = KeyOf(tenant, question);
        if (goesOn && held.Find(key) is { IsKept: true, IsWhole: true } known)
        {
            known.HandOn(take);
            return null;
        }

        var (_, outcome) = await Read(key, question, "", take, cancellation);
        return outcome.Error;
    }

    private async Task<(ListedNames Names, ListingOutcome Outcome)> Read(
        ListingKey key, ListingQuestion question, string from, NameTaker take, CancellationToken cancellation)
    {
        using var names = held.Begin(from);
        var outcome = await upstreams.Read(question, from, Add, cancellation);
        names.Dispose();
        names.IsWhole = outcome.Error is null;
        if (names.IsWhole || outcome.IsBounded)
        {
            held.Keep(key, names);
        }

        return (names, outcome);

        void Add(ReadOnlySpan<char> name)
        {
            names.Add(name);
            take(name);
        }
    }

    private static ListingKey KeyOf(string tenant, ListingQuestion question) => new(tenant, question.Upstream.Identity, question.Path);
}
