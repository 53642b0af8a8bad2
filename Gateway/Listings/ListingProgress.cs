using System.Collections.Concurrent;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Where one page of a listing begins at its upstreams, and where the next one does. A listing that is longer than what is read for one
/// request is given in sections, each in order; the <c>Link</c> carries the position.
/// </summary>
internal sealed class ListingProgress
{
    private readonly ConcurrentBag<ListingPart> _read = [];
    private readonly ConcurrentBag<ListingPart> _next = [];
    private readonly ConcurrentBag<string> _warnings = [];
    private readonly ListingSeal _seal;
    private readonly ListingBinding _binding;
    private readonly ListingPosition? _begun;
    private string? _left;

    private ListingProgress(ListingSeal seal, ListingBinding binding, ListingPosition? begun) =>
        (_seal, _binding, _begun) = (seal, binding, begun);

    /// <summary>Whether the client goes on at a position that it was given.</summary>
    public bool HasBegun => _begun is not null;

    /// <summary>What comes after the only upstream that was read; <c>null</c> at the end.</summary>
    public ListingPart? Next => _next.TryPeek(out var next) ? next : null;

    /// <summary>The routes that are read though no part names them; <c>null</c> for none.</summary>
    private RouteRange? Others => _begun is null ? RouteRange.All : _begun.Others;

    /// <summary>Whether the names of this page's section were read before, and are to be the same now.</summary>
    private bool IsSettled => _begun?.Parts.Any(part => part.Pages > 0) == true;

    /// <summary>The progress of a request; <c>null</c> when it carries a position that is not one of its own.</summary>
    public static ListingProgress? Of(FrontDoorMap map, ListingBinding binding, Page page) =>
        page.Position is null ? new ListingProgress(map.Positions, binding, null)
        : map.Positions.Open(page.Position, binding) is { } begun ? new ListingProgress(map.Positions, binding, begun) : null;

    /// <summary>Whether each part of the position is one of these.</summary>
    public bool Fits(IEnumerable<(TenantRoute Route, Upstream Upstream)> known) =>
        _begun is null || _begun.Parts.Count == known.Count(one => PartOf(one.Route, one.Upstream) is not null);

    /// <summary>
    /// The routes whose names are on this page, those that a part names first. While they are read, no other is begun once the position of
    /// those that are not at their end is longer than <paramref name="room"/> bytes: it and all behind it come with a later page.
    /// </summary>
    public IEnumerable<TenantRoute> Select(IEnumerable<TenantRoute> routes, int room)
    {
        var known = routes.ToLookup(route => PartOf(route, route.Upstream) is not null);
        return known[true].Concat(known[false].Where(route => Others?.Has(route.Prefix) == true)
            .OrderBy(route => route.Prefix, StringComparer.Ordinal).TakeWhile(HasRoom));

        bool HasRoom(TenantRoute route)
        {
            _left = !IsSettled && Math.Max(Length(_read), Length(_next)) > room ? route.Prefix : null;
            return _left is null;
        }
    }

    /// <summary>What is read of an upstream for this page; <c>null</c> for all of it.</summary>
    public ListingPart? PartOf(TenantRoute route, Upstream upstream)
    {
        var place = ShortHash.Of(upstream.Identity);
        return _begun?.Parts.FirstOrDefault(part => part.Prefix == route.Prefix && part.Upstream == place);
    }

    /// <summary>An upstream was read for this page.</summary>
    public void Add(ListingQuestion question, ListedNames names)
    {
        var part = new ListingPart(
            question.Route.Prefix, ShortHash.Of(question.Upstream.Identity), names.Start, names.Pages);
        if (names.Next is not null || question.Part is not null)
        {
            _read.Add(part);
        }

        if (names.Warning is { } warning)
        {
            _warnings.Add(warning);
        }

        if (names.Next is { } there)
        {
            _next.Add(part with { From = there, Pages = 0 });
        }
    }

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        _read.Clear();
        _next.Clear();
        _warnings.Clear();
        _left = null;
    }

    /// <summary>Tells a page what upstreams warn of, and what the next one needs; the error when no address could hold it.</summary>
    public DistributionError? Tell(PageEntries page)
    {
        var (read, end) = (Others, _left ?? Others?.To);
        var later = end is null ? null : new RouteRange(end, null);
        var (isWithin, isBeyond) = (!_read.IsEmpty || later is not null, !_next.IsEmpty || later is not null);
        page.Warning = Warning();
        page.Within = isWithin ? _seal.Seal(new ListingPosition(read is null ? null : read with { To = end }, [.. _read]), _binding) : null;
        page.Beyond = isBeyond ? _seal.Seal(new ListingPosition(later, [.. _next]), _binding) : null;
        return (isWithin && page.Within is null) || (isBeyond && page.Beyond is null)
            ? DistributionError.Unavailable(StatusCodes.Status502BadGateway,
                $"the upstream's next page has a longer address than the {ListingSeal.MaxBytes >> 10} KiB that a Link has room for", 5)
            : null;
    }

    /// <summary>Each warning once, as far as they have room; <c>null</c> for none.</summary>
    private string? Warning() => _warnings.Distinct().Order(StringComparer.Ordinal).Aggregate(
        (string?)null, (all, one) => all is null ? one : all.Length + one.Length + 2 > ResponseHeaders.MaxWarning ? all : $"{all}, {one}");

    private static int Length(IEnumerable<ListingPart> parts) => parts.Sum(part => part.ToText().Length);
}
