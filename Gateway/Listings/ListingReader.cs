using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing for one page of a client's: what was read for the page before is used again, so that paging costs the upstream each of
/// its pages once.
/// </summary>
internal sealed class ListingReader(UpstreamListing upstreams, HeldListings held)
{
    /// <summary>
    /// Hands on the names of a listing, or of a section of it where it is longer than what is read for one request. A section ends between
    /// two pages of the upstream, and only there it goes on: the upstream's order is not ours, whatever its first names look like.
    /// </summary>
    /// <param name="tenant">Whose listing it is.</param>
    /// <param name="question">The listing, or a section of it.</param>
    /// <param name="after">
    /// The client goes on with a listing that it began: what was read of late serves it if that has names after this one (empty: any).
    /// <c>null</c> for a client that begins.
    /// </param>
    /// <param name="progress">Is told where the listing goes on.</param>
    /// <param name="take">Takes a name, which may be any text.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DistributionError?> Read(
        string tenant, ListingQuestion question, string? after, ListingProgress progress, NameTaker take, CancellationToken cancellation)
    {
        var key = new ListingKey(
            tenant, question.Upstream.Identity, question.Path, question.Part?.From.Text, question.Part?.Pages ?? 0);
        if (after is not null && held.Find(key) is { } known && HasMore(known, after))
        {
            known.HandOn(take);
            progress.Add(question, known);
            return null;
        }

        using var names = held.Begin();
        var outcome = await upstreams.Read(question, Add, () => names.IsFull, cancellation);
        names.Dispose();
        if (outcome.Error is not null)
        {
            return outcome.Error;
        }

        (names.Start, names.Pages, names.Next, names.Warning) = (outcome.Start, outcome.Pages, outcome.Next, outcome.Warning);
        held.Keep(key, names);
        if (names.Next is not null || question.Part is not null)
        {
            held.Keep(key with { From = names.Start.Text, Pages = names.Pages }, names);
        }

        progress.Add(question, names);
        return null;

        void Add(ReadOnlySpan<char> name)
        {
            names.Add(name);
            take(name);
        }
    }

    private static bool HasMore(ListedNames known, string after) =>
        after.Length == 0 || known.Next is not null || string.CompareOrdinal(after, known.Greatest) < 0;
}
