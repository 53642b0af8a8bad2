using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing for one page of a client's: what was read for the page before is used again, so that paging costs the upstream each of
/// its pages once.
/// </summary>
internal sealed class ListingReader(UpstreamListing upstreams, HeldListings held)
{
    /// <summary>
    /// Hands on names that a page may hold. Of a listing beyond what is read for one request, the page ends where that ends: names that
    /// come in ascending order go on after the client's last one, others at the upstream's next page.
    /// </summary>
    public async Task<DistributionError?> ReadPage(
        string tenant, ListingQuestion question, PageEntries page, ListingProgress progress, NameTaker take, CancellationToken cancellation)
    {
        var (key, after) = (KeyOf(tenant, question), page.Last);
        var known = after.Length > 0 ? held.Find(key) : null;
        if (known is { IsKept: true } && string.CompareOrdinal(known.From, after) <= 0 && string.CompareOrdinal(after, known.Greatest) < 0)
        {
            known.HandOn(take);
            if (GoesOn(known))
            {
                return null;
            }
        }

        var from = question.Part is not null || known is null or { IsWhole: true, IsKept: true, From: "" } ? "" : after;
        var (names, error) = await Read(key, question, from, take, isByName: question.Part is null, cancellation);
        return names is not null && GoesOn(names) ? null : error;

        bool GoesOn(ListedNames names)
        {
            if (!names.IsWhole && question.Part is null && names.IsAscending && page.HasAny)
            {
                return page.IsCut = true;
            }

            return Tell(progress, question, names);
        }
    }

    /// <summary>Hands on all names, or those of the first pages of a long listing.</summary>
    /// <param name="tenant">Whose listing it is.</param>
    /// <param name="question">The listing.</param>
    /// <param name="goesOn">Whether the client goes on with one that it began.</param>
    /// <param name="progress">Is told where it goes on.</param>
    /// <param name="take">Takes a name, which may be any text.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DistributionError?> ReadAll(
        string tenant, ListingQuestion question, bool goesOn, ListingProgress progress, NameTaker take, CancellationToken cancellation)
    {
        var key = KeyOf(tenant, question);
        if (goesOn && held.Find(key) is { IsKept: true } known)
        {
            known.HandOn(take);
            Tell(progress, question, known);
            return null;
        }

        var (names, error) = await Read(key, question, "", take, isByName: false, cancellation);
        return names is not null && Tell(progress, question, names) ? null : error;
    }

    /// <summary>What was read, also when the error is that a bound ended it; nothing when it is another.</summary>
    private async Task<(ListedNames? Names, DistributionError? Error)> Read(
        ListingKey key, ListingQuestion question, string from, NameTaker take, bool isByName, CancellationToken cancellation)
    {
        using var names = held.Begin(from);
        var outcome = await upstreams.Read(question, from, Add, () => names.IsFull, cancellation);
        names.Dispose();
        if (outcome.Error is not null && !outcome.IsBounded)
        {
            return (null, outcome.Error);
        }

        (names.Start, names.Next, names.IsWhole) = (outcome.Start, outcome.Next, outcome is { Error: null, Next: null });
        if (names.IsWhole || (isByName && names.IsAscending))
        {
            held.Keep(key, names);
        }
        else if (names is { IsKept: true, Next: { } next })
        {
            held.Keep(key with { From = names.Start.Text, To = next.Text }, names);
        }

        return (names, outcome.Error);

        void Add(ReadOnlySpan<char> name)
        {
            names.Add(name);
            take(name);
        }
    }

    /// <summary>Tells where a listing goes on; <c>false</c> when nobody knows.</summary>
    private static bool Tell(ListingProgress progress, ListingQuestion question, ListedNames names)
    {
        progress.Add(question, names.Start, names.Next);
        return names.IsWhole || names.Next is not null;
    }

    private static ListingKey KeyOf(string tenant, ListingQuestion question) => new(
        tenant, question.Upstream.Identity, question.Path, question.Part?.From.Text, question.Part?.To?.Text);
}
