using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// GET of what refers to a manifest: as the upstream says it, page by page, or from the referrers tag where the upstream has no such API.
/// What cannot be read to its end is an error, never a shorter list.
/// </summary>
internal sealed class ReferrersListing(UpstreamDownloads downloads, TaggedReferrers tagged, ReferrersSupport support, TimeProvider time)
{
    /// <summary>The longest that reading a tag may take.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    private const int Piece = 64 * 1024;
    private const string Filter = "artifactType";
    private const string Namespace = "ns";

    public async Task<DistributionError?> List(RegistryRequest request)
    {
        var (fallback, isEmpty) = (new Fallback(request), false);
        DistributionError? error;
        do
        {
            (error, var hasNone) = await ListOne(request);
            isEmpty |= hasNone;
        }
        while (fallback.GoesOn(error));

        if (!isEmpty || fallback.Told is not { Status: StatusCodes.Status404NotFound })
        {
            return fallback.Told;
        }

        // Whether the repository is there nobody said: it counts as a name that is not.
        request.HasFoundNothing = true;
        await Write(request, ReferrersIndex.Empty);
        return null;
    }

    private async Task<(DistributionError? Error, bool HasNone)> ListOne(RegistryRequest request)
    {
        var known = support.Of(request.Destination);
        if (known != false)
        {
            var error = await downloads.Send(request, Plan(request));
            if (error is null || !IsUnknown(request, error.Status))
            {
                Learn(request, error);
                return (error, false);
            }
        }

        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, request.Aborted);
        using var held = request.Upstream.Bodies.Hold(request.Key);
        var list = await tagged.Read(request, ReferrersTag.Of(request.Path.Digest!), held, either.Token);
        request.Aborted.ThrowIfCancellationRequested();
        if ((list.IsSubject ? ReferrersIndex.Empty : list.Index) is not { } index)
        {
            return (list.Error, list.IsAbsent);
        }

        // What was only remembered must not be remembered for ever by being used.
        if (known != false)
        {
            support.Learn(request.Destination, has: false);
        }

        await Write(request, index);
        return (null, false);
    }

    /// <summary>Whether a registry does not know the address.</summary>
    private static bool IsUnknown(RegistryRequest request, int status) => request.Path.Query.Keys.All(key => key is Filter or Namespace)
        ? ReferrersSupport.IsAbsenceWithoutCursor(status) : ReferrersSupport.IsAbsence(status);

    private void Learn(RegistryRequest request, DistributionError? error)
    {
        if (error is null && request.Context.Response.StatusCode == StatusCodes.Status200OK)
        {
            support.Learn(request.Destination, has: true);
        }
    }

    private async Task Write(RegistryRequest request, ReferrersIndex index)
    {
        var response = request.Context.Response;
        var types = request.Path.Query.All(Filter).Where(type => type.Length > 0).ToHashSet();
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
        if (request.IsHead)
        {
            return;
        }

        using var watch = ThrottledBody.Watch(request.Context, time);
        for (var sent = 0; sent < bytes.Length; sent += Piece)
        {
            var piece = bytes.AsMemory(sent..Math.Min(sent + Piece, bytes.Length));
            await response.BodyWriter.WriteAsync(piece, watch.Token);
            watch.Sent(piece.Length);
        }
    }

    private static Download Plan(RegistryRequest request) => new()
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/referrers/{request.Path.Digest}{Query(request.Path.Query)}"),
        Payer = request,
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.NotFound("the upstream has no referrers API"),
        Kind = CallKind.Listing,
        Content = ContentKind.Referrers,
    };

    /// <summary>All that the client says but for whom it takes this for: cursors in a <c>Link</c> have any name.</summary>
    private static string Query(QueryParameters query)
    {
        var kept = query.Keys.Where(key => key != Namespace)
            .SelectMany(key => query.All(key).Select(value => $"{Uri.EscapeDataString(key)}={Uri.EscapeDataString(value)}"));
        var text = string.Join('&', kept);
        return text.Length == 0 ? "" : "?" + text;
    }
}
