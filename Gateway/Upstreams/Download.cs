using System.Net;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A pull that is passed through to the client.</summary>
internal sealed record Download : UpstreamRequest
{
    public required ContentKind Content { get; init; }

    /// <summary>What a whole body is checked against on its way; by default it is left to the client.</summary>
    public Digest? Verified { get; init; }

    /// <summary>Whether one that is cut may go on where it was: its content cannot change, since a digest names it.</summary>
    public bool IsResumable => Content == ContentKind.Blob;

    /// <summary>
    /// There are few kinds of success that make sense, and what is to be verified comes whole, or as the part that was asked for: any other one
    /// would pass unseen.
    /// </summary>
    public override bool IsAnswer(HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.OK or HttpStatusCode.NotModified => true,
        HttpStatusCode.Accepted or HttpStatusCode.NonAuthoritativeInformation or HttpStatusCode.NoContent => Verified is null,
        HttpStatusCode.PartialContent => Verified is null || response.RequestMessage!.Headers.NonValidated.Contains("Range"),
        _ => false,
    };
}
