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
    public async Task<(UploadState? Begun, DistributionError? Error)> Start(Exchange exchange)
    {
        var query = exchange.Path.Query;
        if (!query.TryGetSingle("mount", out var mounted) || !query.TryGetSingle("from", out var from)
            || !query.TryGetSingle("digest", out var digest) || !query.TryGetSingle("digest-algorithm", out var algorithm)
            || algorithm is not (null or "sha256" or "sha512"))
        {
            return (null, DistributionError.UploadInvalid("mount, from, digest and digest-algorithm may be given once; algorithms are sha256 and sha512"));
        }

        if (mounted is not null)
        {
            return (null, Digest.TryParse(mounted, out var blob) ? await Mount(exchange, blob, from) : DistributionError.DigestInvalid());
        }

        if (digest is not null)
        {
            return Digest.TryParse(digest, out _) ? await BeginWhole(exchange) : (null, DistributionError.DigestInvalid());
        }

        return (null, await Begin(exchange, algorithm is null ? "" : $"?digest-algorithm={algorithm}"));
    }

    private async Task<DistributionError?> Begin(Exchange exchange, string query)
    {
        var (answer, error) = await forwarder.Write(exchange, new Forwarding
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/uploads/{query}"),
            Payer = exchange,
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
        });
        return answer is null ? error : UploadHeaders.Answer(answer, exchange, 0);
    }

    /// <summary>What is mounted is answered; else there is a new upload, or the error for the client.</summary>
    private async Task<DistributionError?> Mount(Exchange exchange, Digest digest, string? from)
    {
        var (source, refused) = mount.SourceOf(exchange, digest, from);
        if (source is null)
        {
            return refused ?? await Begin(exchange, "");
        }

        var (answer, error) = await forwarder.Write(exchange, new Forwarding
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/uploads/?mount={Uri.EscapeDataString(digest.Value)}&from={Uri.EscapeDataString(source.Value)}"),
            Payer = exchange,
            Scope = UpstreamScope.Mount(exchange.UpstreamName, source),
            NotFound = DistributionError.NameUnknown(),
        });
        if (answer is not { StatusCode: HttpStatusCode.Created })
        {
            // Nobody asked for a source that was found here.
            return answer is not null ? UploadHeaders.Answer(answer, exchange, 0) : from is not null ? error : await BeginInstead(exchange);
        }

        if (!await mount.IsThere(exchange, digest))
        {
            return await BeginInstead(exchange);
        }

        UploadHeaders.AnswerCreated(answer, exchange, digest);
        return null;
    }

    /// <summary>The upstream said that it mounted what is not there then: the client uploads it.</summary>
    private async Task<DistributionError?> BeginInstead(Exchange exchange)
    {
        var (answer, error) = await Ask(exchange);
        using (answer)
        {
            exchange.Context.Response.StatusCode = StatusCodes.Status202Accepted;
            return answer is null ? error : UploadHeaders.Answer(answer, exchange, 0);
        }
    }

    private async Task<(UploadState? Begun, DistributionError? Error)> BeginWhole(Exchange exchange)
    {
        var (answer, error) = await Ask(exchange);
        using (answer)
        {
            return answer is null ? (null, error)
                : UploadHeaders.Location(answer, exchange.Upstream) is { } location ? (new UploadState(location, 0), null)
                : (null, UploadHeaders.UnusableLocation(exchange.Upstream));
        }
    }

    /// <summary>Begins an upload by a request of ours, whatever body the client's has.</summary>
    private async Task<UpstreamResult> Ask(Exchange exchange)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, (Uri?)null);
        RequestHeaders.AddCommon(message);
        return await client.Ask(
            exchange.Upstream,
            new UpstreamRequest
            {
                Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/uploads/"),
                Payer = exchange,
                Scope = UpstreamScope.Push(exchange.UpstreamName),
                NotFound = DistributionError.NameUnknown(),
            },
            message,
            exchange.Aborted);
    }
}
