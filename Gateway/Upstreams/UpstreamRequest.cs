using System.Net;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

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
