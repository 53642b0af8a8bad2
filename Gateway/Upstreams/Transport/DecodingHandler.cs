using RegistryProxy.Files;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// What comes encoded though <c>identity</c> was asked for, as of caches and proxies that compress all JSON, is decoded: manifests, lists,
/// errors. Of a blob the bytes count as they come, since its digest is of those, and many stores label them wrongly.
/// </summary>
internal sealed class DecodingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isBlob = IsBlob(request.RequestUri!.AbsolutePath);
        var response = await base.SendAsync(request, cancellationToken);
        if (request.Method != HttpMethod.Head && ResponseHeaders.IsEncoded(response) && !(isBlob && (int)response.StatusCode < 400))
        {
            try
            {
                await Decode(response, cancellationToken);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }

        return response;
    }

    private static async Task Decode(HttpResponseMessage response, CancellationToken cancellation)
    {
        var encoded = response.Content;
        var (body, isDecoded) = await EncodedBody.Open(
            await encoded.ReadAsStreamAsync(cancellation), encoded.Headers.ContentEncoding, cancellation);
        response.Content = isDecoded ? new DecodedContent(body) : new StreamContent(body);
        foreach (var (name, values) in encoded.Headers.NonValidated)
        {
            if (!isDecoded || !IsOfEncoded(name))
            {
                response.Content.Headers.TryAddWithoutValidation(name, values);
            }
        }
    }

    private static bool IsOfEncoded(string name) =>
        name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase);

    private static bool IsBlob(string path) => path.LastIndexOf('/') is > 0 and var end && path.AsSpan(0, end).EndsWith("/blobs");
}
