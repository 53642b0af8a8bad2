using System.Collections.Concurrent;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Where one page of a listing begins at its upstreams, and where the next one does. A listing that is longer than what is read for one
/// request, and in no order by which it could be continued, is given in sections, each in order; the <c>Link</c> carries the position.
/// </summary>
internal sealed class ListingProgress
{
    private readonly ConcurrentBag<ListingPart> _read = [];
    private readonly ConcurrentBag<ListingPart> _next = [];
    private readonly ListingSeal _seal;
    private readonly ListingBinding _binding;
    private readonly ListingPosition? _begun;

    private ListingProgress(ListingSeal seal, ListingBinding binding, ListingPosition? begun) =>
        (_seal, _binding, _begun) = (seal, binding, begun);

    /// <summary>Whether the client goes on at a position that it was given.</summary>
    public bool HasBegun => _begun is not null;

    /// <summary>The progress of a request; <c>null</c> when it carries a position that is not one of its own.</summary>
    public static ListingProgress? Of(FrontDoorMap map, ListingBinding binding, Page page) =>
        page.Position is null ? new ListingProgress(map.Positions, binding, null)
        : map.Positions.Open(page.Position, binding) is { } begun ? new ListingProgress(map.Positions, binding, begun) : null;

    /// <summary>Whether each part of the position is one of these.</summary>
    public bool Fits(IEnumerable<(TenantRoute Route, Upstream Upstream)> known) =>
        _begun is null || _begun.Parts.Count == known.Count(one => PartOf(one.Route, one.Upstream) is not null);

    /// <summary>Whether names of a route are on this page.</summary>
    public bool Reads(TenantRoute route) => _begun is null or { HasOthers: true } || PartOf(route, route.Upstream) is not null;

    /// <summary>What is read of an upstream for this page; <c>null</c> for all of it.</summary>
    public ListingPart? PartOf(TenantRoute route, Upstream upstream)
    {
        var place = ShortHash.Of(upstream.Identity);
        return _begun?.Parts.FirstOrDefault(part => part.Prefix == route.Prefix && part.Upstream == place);
    }

    /// <summary>An upstream was read for this page.</summary>
    /// <param name="question">The listing.</param>
    /// <param name="from">The page of the upstream that was the first.</param>
    /// <param name="next">The page of the upstream that is the next one; <c>null</c> at the end.</param>
    public void Add(ListingQuestion question, OriginForm from, OriginForm? next)
    {
        var part = new ListingPart(question.Route.Prefix, ShortHash.Of(question.Upstream.Identity), from, next);
        if (next is not null || question.Part is not null)
        {
            _read.Add(part);
        }

        if (next is { } there)
        {
            _next.Add(part with { From = there, To = null });
        }
    }

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        _read.Clear();
        _next.Clear();
    }

    /// <summary>Tells a page what the next one needs; the error when no address could hold it.</summary>
    public DistributionError? Tell(PageEntries page)
    {
        page.Within = _read.IsEmpty ? null : _seal.Seal(new ListingPosition(_begun?.HasOthers ?? true, [.. _read]), _binding);
        page.Beyond = _next.IsEmpty ? null : _seal.Seal(new ListingPosition(false, [.. _next]), _binding);
        return (page.Within is null && !_read.IsEmpty) || (page.Beyond is null && !_next.IsEmpty)
            ? DistributionError.Unavailable(StatusCodes.Status502BadGateway,
                $"the upstream's next page has a longer address than the {ListingSeal.MaxBytes >> 10} KiB that a Link has room for", 5)
            : null;
    }
}
