using System.Net;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>
/// <c>POST …/blobs/uploads/</c>: a new upload, a mount from another repository, or a whole blob at once, which becomes a POST and a PUT
/// at the upstream because many registries answer the single POST with 202.
/// </summary>
internal sealed class UploadStarter(UpstreamForwarder forwarder, UpstreamClient client, BlobMount mount)
{
    /// <summary>Answers, or returns the error for the client; or, for a whole blob at once, the upload that is to be finished.</summary>
    public async Task<(UploadState? Begun, DistributionError? Error)> Start(RegistryRequest request)
    {
        var query = request.Path.Query;
        if (!query.TryGetSingle("mount", out var mounted) || !query.TryGetSingle("from", out var from)
            || !query.TryGetSingle("digest", out var digest) || !query.TryGetSingle("digest-algorithm", out var algorithm)
            || algorithm is not (null or "sha256" or "sha512"))
        {
            return (null, DistributionError.UploadInvalid(
                "mount, from, digest and digest-algorithm may be given once; algorithms are sha256 and sha512"));
        }

        if (mounted is not null)
        {
            return (null, Digest.TryParse(mounted, out var blob) ? await Mount(request, blob, from) : DistributionError.DigestInvalid());
        }

        if (digest is not null)
        {
            return Digest.TryParse(digest, out var whole) ? await BeginWhole(request, whole) : (null, DistributionError.DigestInvalid());
        }

        return (null, await Begin(request, algorithm is null ? "" : $"?digest-algorithm={algorithm}"));
    }

    /// <summary>Registries hash what they receive by sha256, unless they are told of another algorithm at the beginning.</summary>
    private static string QueryOf(Digest digest) => digest.Algorithm == "sha256" ? "" : $"?digest-algorithm={digest.Algorithm}";

    private async Task<DistributionError?> Begin(RegistryRequest request, string query)
    {
        var (answer, error) = await forwarder.Write(request, new ForwardRequest
        {
            Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/uploads/{query}"),
            Payer = request,
            Scope = UpstreamScope.Push(request.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
        });
        return answer is null ? error : UploadHeaders.Answer(answer, request, 0);
    }

    /// <summary>What is mounted is answered; else there is a new upload, or the error for the client.</summary>
    private async Task<DistributionError?> Mount(RegistryRequest request, Digest digest, string? from)
    {
        var (source, refused) = mount.SourceOf(request, digest, from);
        if (source is null)
        {
            return refused ?? await Begin(request, QueryOf(digest));
        }

        var result = await forwarder.Write(request, new ForwardRequest
        {
            Target = OriginForm.Of(
                $"/v2/{request.UpstreamName}/blobs/uploads/?mount={Uri.EscapeDataString(digest.Value)}&from=" +
                $"{Uri.EscapeDataString(source.Value)}"),
            Payer = request,
            Scope = UpstreamScope.Mount(request.UpstreamName, source),
            NotFound = DistributionError.NameUnknown(),
        });
        if (result.Answer is not { StatusCode: HttpStatusCode.Created } answer)
        {
            // Nobody asked for a source that was found here.
            return result.Answer is { } begun ? UploadHeaders.Answer(begun, request, 0)
                : from is not null && !TakesNoMount(result) ? result.Error : await BeginInstead(request, digest);
        }

        if (!await mount.IsThere(request, digest))
        {
            return await BeginInstead(request, digest);
        }

        UploadHeaders.AnswerCreated(answer, request, digest);
        return null;
    }

    /// <summary>
    /// Whether an upstream has no mounts, or none from there: it may begin an upload instead (OCI distribution-spec, "Mounting a blob from
    /// another repository"), and some refuse. Our credential may push here and not pull there, as the upstream or its token service says:
    /// to the client that is a blob that is not there.
    /// </summary>
    private static bool TakesNoMount(in UpstreamResult result) =>
        result.Refused is { Status: 400 or 401 or 403 or 404 or 405 or 409 or 422 or 501 }
        || result is { IsUnsent: true, Error: { IsRefusedUpstream: true } or { Code: "DENIED" } };

    /// <summary>The upstream said that it mounted what is not there then, or refused to mount it: the client uploads it.</summary>
    private async Task<DistributionError?> BeginInstead(RegistryRequest request, Digest digest)
    {
        var (answer, error) = await Query(request, digest);
        using (answer)
        {
            request.Context.Response.StatusCode = StatusCodes.Status202Accepted;
            return answer is null ? error : UploadHeaders.Answer(answer, request, 0);
        }
    }

    private async Task<(UploadState? Begun, DistributionError? Error)> BeginWhole(RegistryRequest request, Digest digest)
    {
        var (answer, error) = await Query(request, digest);
        using (answer)
        {
            return answer is null ? (null, error)
                : UploadHeaders.Location(answer, request.Upstream) is { } location ? (new UploadState(location, 0), null)
                : (null, UploadHeaders.UnusableLocation(request.Upstream));
        }
    }

    /// <summary>Begins an upload by a request of ours, whatever body the client's has.</summary>
    private async Task<UpstreamResult> Query(RegistryRequest request, Digest digest)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, (Uri?)null);
        RequestHeaders.AddCommon(message);
        return await client.SendWithTimeout(
            request.Upstream,
            new UpstreamRequest
            {
                Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/uploads/{QueryOf(digest)}"),
                Payer = request,
                Scope = UpstreamScope.Push(request.UpstreamName),
                NotFound = DistributionError.NameUnknown(),
            },
            message,
            request.Aborted);
    }
}
