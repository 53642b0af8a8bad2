using System.Collections.Concurrent;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// <c>_catalog</c>: the repositories of every route whose upstream can list them, in public names, only those that the caller may pull.
/// An upstream that has no catalog, or none for us, adds nothing; one that fails makes the whole fail, since its part would be missing
/// unseen. The page for people is told of the former, and gets what the tenant pulled from there instead.
/// </summary>
internal sealed class CatalogListing(ListingReader reader, ListingRoom room, PulledRepositories pulled)
{
    /// <summary>How many upstreams are read at once for one request.</summary>
    public const int MaxUpstreams = 4;

    /// <summary>
    /// No other route is begun for one page once the position of those that are not at their end is longer, in bytes: the rest of
    /// <see cref="ListingSeal.MaxBytes"/> is for those that are being read.
    /// </summary>
    public const int MaxBegun = ListingSeal.MaxBytes / 4;

    private const string Path = "/v2/_catalog";

    public async Task<DistributionError?> List(RegistryWideRequest request)
    {
        if (!Page.TryParse(request.Path.Query, out var page))
        {
            return Page.Malformed;
        }

        var tenant = request.TokenService.Tenant;
        if (ListingProgress.Of(request.Map, new ListingBinding(tenant.Name, request.Caller.Owner, Path), page) is not { } progress
            || !progress.Fits(tenant.Routes.Select(route => (route, route.Upstream))))
        {
            return Page.Lost;
        }

        var names = new PageEntries(page);
        ConcurrentBag<TenantRoute> silent = [];
        var failure = await room.Run(request.Context, tenant.Name, request.Caller, ReadSection);
        if (failure is null)
        {
            IReadOnlyList<string> marks = request.IsPage && !silent.IsEmpty ? await AddPulled(request, names, silent) : [];
            await ListingWriter.Write(request.Context, Path, names, "repositories", null, marks);
        }

        return failure;

        async Task<DistributionError?> ReadSection()
        {
            if (await ReadRoutes(request, names, progress, silent, MaxUpstreams, MaxBegun) is { } failure)
            {
                return failure;
            }

            if (progress.Tell(names) is null)
            {
                return null;
            }

            // Their next pages have addresses so long that no two of them have room.
            names.Clear();
            progress.Clear();
            silent.Clear();
            return await ReadRoutes(request, names, progress, silent, 1, 0) ?? progress.Tell(names);
        }
    }

    /// <summary>Adds what was pulled by routes whose upstream lists nothing, as far as the caller may pull it.</summary>
    /// <returns>What is to be told of the listing.</returns>
    private async Task<IReadOnlyList<string>> AddPulled(
        RegistryWideRequest request, PageEntries names, ConcurrentBag<TenantRoute> silent)
    {
        var tenant = request.TokenService.Tenant;
        var routes = silent.ToHashSet();
        var known = await pulled.Of(tenant.Name, request.Context.RequestAborted);
        foreach (var text in known.Names)
        {
            if (RepositoryName.TryParse(text, out var name) && tenant.RouteOf(name) is { } route && routes.Contains(route)
                && request.Caller.MayEver(name, RepositoryActions.Pull))
            {
                names.Add(name.Value);
            }
        }

        return known.IsPartial ? ["isPartial", "lacksGateways"] : ["isPartial"];
    }

    private async Task<DistributionError?> ReadRoutes(
        RegistryWideRequest request, PageEntries names, ListingProgress progress, ConcurrentBag<TenantRoute> silent, int atOnce, int begun)
    {
        DistributionError? failure = null;
        await Parallel.ForEachAsync(
            progress.Select(request.TokenService.Tenant.Routes, begun),
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = request.Context.RequestAborted },
            async (route, cancellation) =>
            {
                var error = failure ?? await ReadNames(route, request, names, progress, cancellation);
                var isBegun = progress.PartOf(route, route.Upstream) is not null;
                failure ??= error is null ? null : UpstreamErrorKind.IsOutage(error) ? error
                    : isBegun ? UpstreamListing.Unfinished(route.Upstream, "is refused where it was to go on") : null;
                if (error is not null)
                {
                    silent.Add(route);
                }
            });
        return failure;
    }

    private Task<DistributionError?> ReadNames(
        TenantRoute route, RegistryWideRequest request, PageEntries names, ListingProgress progress, CancellationToken cancellation)
    {
        var question = new ListingQuestion(null, route, route.Upstream, UpstreamScope.Catalog, Path, "repositories")
        {
            Part = progress.PartOf(route, route.Upstream),
        };
        return reader.Read(
            request.TokenService.Tenant.Name, question, names.Last.Length > 0 ? "" : null, progress, Add, cancellation);

        void Add(ReadOnlySpan<char> text)
        {
            if (RepositoryName.TryParse(text, out var there) && route.ToPublic(there) is { } name
                && request.TokenService.Tenant.RouteOf(name) == route && request.Caller.MayEver(name, RepositoryActions.Pull))
            {
                lock (names)
                {
                    names.Add(name.Value);
                }
            }
        }
    }
}
