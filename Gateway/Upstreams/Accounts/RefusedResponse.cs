using System.Net;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>An answer of our own in place of the upstream's, which was not asked.</summary>
internal sealed class RefusedResponse : HttpResponseMessage
{
    public RefusedResponse(HttpRequestMessage request, DistributionError error)
        : base((HttpStatusCode)error.Status) => (RequestMessage, Error) = (request, error);

    public DistributionError Error { get; }
}
