using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A write that is forwarded with the client's body.</summary>
internal sealed record ForwardRequest : UpstreamRequest
{
    /// <summary>The method at the upstream; the client's by default.</summary>
    public HttpMethod? Method { get; init; }

    /// <summary>What its answer says is in its head, whatever the success.</summary>
    public override bool IsAnswer(HttpResponseMessage response) => response.IsSuccessStatusCode;

    /// <summary>What a request body over its limit means here.</summary>
    public DistributionError TooLarge { get; init; } = DistributionError.SizeInvalid(
        "the body is too large", StatusCodes.Status413PayloadTooLarge);
}
