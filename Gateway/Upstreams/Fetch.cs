using System.Net;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A request of the cache's own to an upstream.</summary>
internal sealed record Fetch : UpstreamRequest
{
    /// <summary>The upstream and the repository's name there.</summary>
    public required Destination Destination { get; init; }

    /// <summary>The media types that the client takes; empty for no such header.</summary>
    public string Accept { get; init; } = "";

    public static Fetch Blob(RegistryRequest request, Digest digest) => new()
    {
        Destination = request.Destination,
        Payer = request,
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/{digest}"),
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        Kind = CallKind.Pull,
    };

    public static Fetch Manifest(RegistryRequest request, ManifestReference reference, string accept) => new()
    {
        Destination = request.Destination,
        Payer = request,
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/manifests/{reference}"),
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Kind = CallKind.Pull,
        IsMetered = true,
        Accept = accept,
    };

    public HttpRequestMessage ToMessage(HttpMethod method)
    {
        var message = new HttpRequestMessage(method, (Uri?)null);
        RequestHeaders.AddCommon(message);
        if (Accept.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("Accept", Accept);
        }

        return message;
    }
}

/// <summary>What is asked of an upstream, rebuilt from parsed values.</summary>
internal record UpstreamRequest
{
    /// <summary>Path and query at the upstream.</summary>
    public required OriginForm Target { get; init; }

    /// <summary>What the upstream's token must carry.</summary>
    public required string Scope { get; init; }

    /// <summary>Whose request needs it, and is charged for a token that is not at hand; <c>null</c> for nobody's.</summary>
    public required RegistryRequest? Payer { get; init; }

    /// <summary>
    /// What is to be done right before something is sent, once nothing of ours stands against it; its error is the client's answer.
    /// </summary>
    public Func<Task<DistributionError?>>? BeforeSending { get; init; }

    /// <summary>What a 404 of the upstream means here.</summary>
    public required DistributionError NotFound { get; init; }

    /// <summary>Whether redirects of blobs are followed here, rather than passed to the client.</summary>
    public bool FollowRedirects { get; init; } = true;

    /// <summary>Whether upstreams that limit pulls count this one: a GET of a manifest.</summary>
    public bool IsMetered { get; init; }

    /// <summary>What it is for.</summary>
    public CallKind Kind { get; init; }

    /// <summary>
    /// Whether a refusal of this HEAD may be of HEAD rather than of the credential: the upstream has answered none of late.
    /// </summary>
    public bool IsTrial { get; init; }

    /// <summary>Whether a response is an answer; every other one is an error.</summary>
    public virtual bool IsAnswer(HttpResponseMessage response) =>
        response.RequestMessage!.Method == HttpMethod.Get || response.RequestMessage.Method == HttpMethod.Head ? IsRead(response)
            : response.IsSuccessStatusCode;

    /// <summary>
    /// What is read comes whole, or as the part that was asked for, or not at all where the client has it. Other success may bring
    /// anything, and nothing of it could be checked.
    /// </summary>
    private static bool IsRead(HttpResponseMessage response)
    {
        var asked = response.RequestMessage!.Headers.NonValidated;
        return response.StatusCode switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.PartialContent => asked.Contains("Range"),
            HttpStatusCode.NotModified => asked.Contains("If-None-Match") || asked.Contains("If-Modified-Since"),
            _ => false,
        };
    }
}

/// <summary>What an upstream's token must carry for an operation, in the upstream's own names; the wanted scope comes first.</summary>
internal static class UpstreamScope
{
    public const string Catalog = "registry:catalog:*";

    public static string Pull(RepositoryName name) => $"repository:{name}:pull";

    public static string Push(RepositoryName name) => $"repository:{name}:pull,push";

    /// <summary>Actions on a repository, separated by commas.</summary>
    public static string Of(RepositoryName name, string actions) => $"repository:{name}:{actions}";

    /// <summary>The actions that a deletion needs, as far as that is known of a registry.</summary>
    public static string DeleteActionsOf(Upstream upstream) => upstream.Origin.Host == "quay.io" ? "pull,push" : "delete";

    /// <summary>Pushing to one repository with a blob of another.</summary>
    public static string Mount(RepositoryName target, RepositoryName source) => $"{Push(target)} {Pull(source)}";
}
