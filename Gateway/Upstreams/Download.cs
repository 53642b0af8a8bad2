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
}
