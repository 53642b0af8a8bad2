using System.Net;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>How one request goes to the upstream and how its answer comes back.</summary>
internal sealed record Forwarding : UpstreamRequest
{
    /// <summary>The method at the upstream; the client's by default.</summary>
    public HttpMethod? Method { get; init; }

    /// <summary>What a request body over its limit means here.</summary>
    public DistributionError TooLarge { get; init; } = DistributionError.SizeInvalid("the body is too large", StatusCodes.Status413PayloadTooLarge);

    /// <summary>Whether the client gets the body of what was read; that of a write it never gets.</summary>
    public bool SendsBody { get; init; } = true;

    /// <summary>Whether a download that is cut may go on where it was: its content cannot change, since a digest names it.</summary>
    public bool IsResumable { get; init; }

    /// <summary>What a whole body is checked against on its way; by default it is left to the client.</summary>
    public Digest? Verified { get; init; }

    /// <summary>What must have happened between the upstream's success and the client's.</summary>
    public Func<HttpResponseMessage, Task>? Succeeded { get; init; }

    /// <summary>Copies the headers of the request that the upstream may see.</summary>
    public required Action<HttpRequest, HttpRequestMessage> Request { get; init; }

    /// <summary>Copies the headers of a successful answer; an error replaces the answer.</summary>
    public required Func<HttpResponseMessage, HttpResponse, DistributionError?> Response { get; init; }

    /// <summary>
    /// An upstream's word on a write counts whatever kind of success it is; what is read has few that make sense, and what is to be verified comes
    /// whole, or as the part that was asked for: any other success would pass unseen.
    /// </summary>
    public override bool IsAnswer(HttpResponseMessage response) => response.RequestMessage!.Method == HttpMethod.Get || response.RequestMessage.Method == HttpMethod.Head
        ? response.StatusCode switch
        {
            HttpStatusCode.OK or HttpStatusCode.NotModified => true,
            HttpStatusCode.Accepted or HttpStatusCode.NonAuthoritativeInformation or HttpStatusCode.NoContent => Verified is null,
            HttpStatusCode.PartialContent => Verified is null || response.RequestMessage.Headers.NonValidated.Contains("Range"),
            _ => false,
        }
        : response.IsSuccessStatusCode;
}
