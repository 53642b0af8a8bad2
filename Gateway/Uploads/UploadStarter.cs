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
internal sealed class UploadStarter(UpstreamForwarder forwarder, UpstreamClient client)
{
    /// <summary>Answers, or returns the error for the client; or, for a whole blob at once, the upload that is to be finished.</summary>
    public async Task<(UploadState? Begun, DistributionError? Error)> Start(Exchange exchange)
    {
        var query = exchange.Path.Query;
        if (!query.TryGetSingle("mount", out var mount) || !query.TryGetSingle("from", out var from)
            || !query.TryGetSingle("digest", out var digest) || !query.TryGetSingle("digest-algorithm", out var algorithm)
            || algorithm is not (null or "sha256" or "sha512"))
        {
            return (null, DistributionError.UploadInvalid("mount, from, digest and digest-algorithm may be given once; algorithms are sha256 and sha512"));
        }

        if (mount is not null)
        {
            return (null, Digest.TryParse(mount, out var mounted) ? await Mount(exchange, mounted, from) : DistributionError.DigestInvalid());
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

    /// <summary>
    /// A source that the rules refuse, that lies at another upstream or that does not exist all look the same: a new upload. A token that
    /// merely lacks the scope is asked for again, with both.
    /// </summary>
    private async Task<DistributionError?> Mount(Exchange exchange, Digest digest, string? from)
    {
        if (from is null || !RepositoryName.TryParse(from, out var source)
            || !exchange.Caller.MayEver(source, RepositoryActions.Pull)
            || exchange.Site.Tenant.RouteOf(source) is not { } route
            || route.DestinationOf(source) is not { } place
            || place.Upstream != exchange.Upstream)
        {
            return await Begin(exchange, "");
        }

        if (exchange.Caller.Require(source, RepositoryActions.Pull, RepositoryActions.Pull, RepositoryActions.Pull) is { } refusal)
        {
            var target = Scope.Of(exchange.Repository, RepositoryActions.Pull | RepositoryActions.Push);
            return (refusal with { Scope = $"{target} {refusal.Scope}" }).At(exchange.Site);
        }

        var (answer, error) = await forwarder.Write(exchange, new Forwarding
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/uploads/?mount={Uri.EscapeDataString(digest.Value)}&from={Uri.EscapeDataString(place.Name.Value)}"),
            Payer = exchange,
            Scope = UpstreamScope.Mount(exchange.UpstreamName, place.Name),
            NotFound = DistributionError.NameUnknown(),
        });
        if (answer is not { StatusCode: HttpStatusCode.Created })
        {
            return answer is null ? error : UploadHeaders.Answer(answer, exchange, 0);
        }

        UploadHeaders.AnswerCreated(answer, exchange, digest);
        return null;
    }

    private async Task<(UploadState? Begun, DistributionError? Error)> BeginWhole(Exchange exchange)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, (Uri?)null);
        RequestHeaders.AddCommon(message);
        var (answer, error) = await client.Ask(
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
        using (answer)
        {
            return answer is null ? (null, error)
                : UploadHeaders.Location(answer, exchange.Upstream) is { } location ? (new UploadState(location, 0), null)
                : (null, UploadHeaders.UnusableLocation(exchange.Upstream));
        }
    }
}
