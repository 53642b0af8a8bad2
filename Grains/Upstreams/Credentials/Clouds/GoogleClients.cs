using Google.Apis.Http;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// Clients for Google's library over sockets of ours: one try, no redirect, and a metadata server must say that it is one.
/// </summary>
internal sealed class GoogleClients(HttpMessageHandler handler) : IHttpClientFactory
{
    public ConfigurableHttpClient CreateHttpClient(CreateHttpClientArgs args)
    {
        var inner = new Inner(new MetadataFlavor(handler)).CreateHttpClient(args);
        (inner.MessageHandler.NumTries, inner.MessageHandler.FollowRedirect) = (1, false);
        return inner;
    }

    private sealed class Inner(HttpMessageHandler handler) : HttpClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => handler;
    }

    private sealed class MetadataFlavor(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const string Name = "Metadata-Flavor";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode && request.Headers.Contains(Name)
                && !(response.Headers.TryGetValues(Name, out var values) && values.Contains("Google")))
            {
                response.Dispose();
                throw new IssueException(UpstreamFailureKind.Misconfigured,
                    "what answers at the address of the metadata server is not Google's: set keyFile outside Google's cloud");
            }

            return response;
        }
    }
}
