using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>How one request goes to the upstream and how its answer comes back.</summary>
internal sealed record Forwarding
{
    /// <summary>Path and query at the upstream, rebuilt from parsed values.</summary>
    public required OriginForm Target { get; init; }

    /// <summary>What the upstream's token must carry.</summary>
    public required string Scope { get; init; }

    /// <summary>The method at the upstream; the client's by default.</summary>
    public HttpMethod? Method { get; init; }

    /// <summary>What a 404 of the upstream means here.</summary>
    public required DistributionError NotFound { get; init; }

    /// <summary>What a request body over its limit means here.</summary>
    public DistributionError TooLarge { get; init; } = DistributionError.SizeInvalid("the body is too large", StatusCodes.Status413PayloadTooLarge);

    /// <summary>Whether the client gets the body of what was read; that of a write it never gets.</summary>
    public bool SendsBody { get; init; } = true;

    /// <summary>Whether redirects of blobs are followed here, rather than passed to the client.</summary>
    public bool FollowRedirects { get; init; } = true;

    /// <summary>Whether upstreams that limit pulls count this one: a GET of a manifest.</summary>
    public bool IsMetered { get; init; }

    /// <summary>What it is for.</summary>
    public CallKind Kind { get; init; }

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
}
