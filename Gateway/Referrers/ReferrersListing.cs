using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// GET of what refers to a manifest: as the upstream says it, page by page, or from the referrers tag where the upstream has no such API. What
/// cannot be read to its end is an error, never a shorter list.
/// </summary>
internal sealed class ReferrersListing(UpstreamDownloads downloads, TaggedReferrers tagged, ReferrersSupport support, TimeProvider time)
{
    /// <summary>The longest that reading a tag may take.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    private const int Piece = 64 * 1024;
    private const string Filter = "artifactType";

    /// <summary>The filter of the specification, and the cursors that registries put into their <c>Link</c>.</summary>
    private static readonly string[] Keys = [Filter, "n", "last", "next_page", "continue", "page"];

    public async Task<DistributionError?> List(Exchange exchange)
    {
        var (fallback, isEmpty) = (new Fallback(exchange), false);
        DistributionError? error;
        do
        {
            (error, var hasNone) = await ListOne(exchange);
            isEmpty |= hasNone;
        }
        while (fallback.GoesOn(error));

        if (!isEmpty || fallback.Told is not { Status: StatusCodes.Status404NotFound })
        {
            return fallback.Told;
        }

        // Whether the repository is there nobody said: it counts as a name that is not.
        exchange.HasFoundNothing = true;
        await Write(exchange, ReferrersIndex.Empty);
        return null;
    }

    private async Task<(DistributionError? Error, bool HasNone)> ListOne(Exchange exchange)
    {
        var known = support.Of(exchange.Destination);
        if (known != false)
        {
            var error = await downloads.Send(exchange, Plan(exchange));
            if (error is null || !ReferrersSupport.IsAbsence(error.Status))
            {
                Learn(exchange, error);
                return (error, false);
            }
        }

        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, exchange.Aborted);
        using var held = exchange.Upstream.Bodies.Hold(exchange.Key);
        var list = await tagged.Read(exchange, ReferrersTag.Of(exchange.Path.Digest!), held, either.Token);
        exchange.Aborted.ThrowIfCancellationRequested();
        if (list.Index is not { } index)
        {
            return (list.Error, list.IsAbsent);
        }

        // What was only remembered must not be remembered for ever by being used.
        if (known != false)
        {
            support.Learn(exchange.Destination, has: false);
        }

        await Write(exchange, index);
        return (null, false);
    }

    private void Learn(Exchange exchange, DistributionError? error)
    {
        if (error is null && exchange.Context.Response.StatusCode == StatusCodes.Status200OK)
        {
            support.Learn(exchange.Destination, has: true);
        }
    }

    private async Task Write(Exchange exchange, ReferrersIndex index)
    {
        var response = exchange.Context.Response;
        var types = exchange.Path.Query.All(Filter).Where(type => type.Length > 0).ToList();
        if (types.Count > 0)
        {
            index = index.Without(referrer => referrer.ArtifactType is not { } type || !types.Contains(type));
            response.Headers["OCI-Filters-Applied"] = Filter;
        }

        var bytes = index.ToBytes();
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = ReferrersIndex.MediaType;
        response.ContentLength = bytes.Length;
        response.Headers.CacheControl = ContentHead.Never;
        if (exchange.IsHead)
        {
            return;
        }

        using var watch = new IdleWatch(time, exchange.Aborted) { HasRate = !PacedBody.Paces(exchange.Context) };
        for (var sent = 0; sent < bytes.Length; sent += Piece)
        {
            var piece = bytes.AsMemory(sent..Math.Min(sent + Piece, bytes.Length));
            await response.BodyWriter.WriteAsync(piece, watch.Token);
            watch.Moved(piece.Length);
        }
    }

    private static Download Plan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/referrers/{exchange.Path.Digest}{Query(exchange.Path.Query)}"),
        Payer = exchange,
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.NotFound("the upstream has no referrers API"),
        Kind = CallKind.Listing,
        Content = ContentKind.Referrers,
    };

    private static string Query(QueryParameters query)
    {
        var kept = Keys.SelectMany(key => query.All(key).Select(value => $"{key}={Uri.EscapeDataString(value)}"));
        var text = string.Join('&', kept);
        return text.Length == 0 ? "" : "?" + text;
    }
}
