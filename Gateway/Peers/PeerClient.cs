using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Peers;

/// <summary>
/// Reads blobs of other gateways: by HTTP/2 and mutual TLS, from the addresses alone that gateways gave the cluster, without proxies and
/// redirects. A gateway that does not answer pings is given up within seconds, also in the middle of a blob.
/// </summary>
internal sealed partial class PeerClient(LocalPeer local, TimeProvider time, ILogger<PeerClient> logger) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(Transport(local));

    /// <summary>
    /// The answer with its body to be read, from an offset on; <c>null</c> when this gateway does not give it within
    /// <paramref name="callTimeout"/>.
    /// </summary>
    public async Task<HttpResponseMessage?> Open(
        FetchMember holder, string ticket, Digest digest, long? from, TimeSpan callTimeout, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(holder.Address.IdnHost, out _) || holder.Address.Scheme != Uri.UriSchemeHttps)
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, HttpOrigin.Of(holder.Address).At(PeerPath.Of(digest)))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", ticket),
                Range = from is null ? null : new RangeHeaderValue(from, null) },
        };
        using var timeout = new CancellationTokenSource(callTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            var response = await _http.SendAsync(request, either.Token);
            if (response.StatusCode == (from is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent))
            {
                return WithMinimumRate(response);
            }

            LogRefused(holder.Address, (int)response.StatusCode);
            response.Dispose();
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            LogUnreachable(holder.Address, fault.InnerException?.Message ?? fault.Message);
        }

        return null;
    }

    public void Dispose() => _http.Dispose();

    private HttpResponseMessage WithMinimumRate(HttpResponseMessage response)
    {
        response.Content = response.Headers.Contains(MinimumRateContent.CompleteHeader) ? new MinimumRateContent(response.Content, time)
            : response.Content;
        return response;
    }

    private static SocketsHttpHandler Transport(LocalPeer local)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = 1024 * 1024,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
        };
        if (local.Certificates is { } members)
        {
            handler.ConnectCallback = members.Connect;
        }

        return handler;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The gateway at {Address} does not serve a blob: {Status}")]
    private partial void LogRefused(Uri address, int status);

    [LoggerMessage(Level = LogLevel.Information, Message = "The gateway at {Address} cannot be read from: {Cause}")]
    private partial void LogUnreachable(Uri address, string cause);
}
