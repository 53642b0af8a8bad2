using System.Net;
using RegistryProxy.Files;

namespace RegistryProxy.Egress;

/// <summary>Sends as settings say. Our certificate is shown to the servers that the operator named, not to where they redirect.</summary>
internal sealed class EgressHandler : HttpMessageHandler
{
    private readonly EgressSettings _settings;
    private readonly HttpMessageInvoker _named;
    private readonly HttpMessageInvoker _others;

    public EgressHandler(EgressSettings settings, IReadOnlyCollection<IPAddress> excepted)
    {
        _settings = settings;
        _others = new HttpMessageInvoker(UpstreamTransport.Sockets(settings, excepted));
        _named = settings.Tls is { Certificate: { } certificate, Key: { } key }
            ? new HttpMessageInvoker(Showing(settings, excepted, certificate, key.Reveal())) : _others;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _settings.Proxy is { } proxy && _settings.To(request.RequestUri!.IdnHost, request.RequestUri.Port) != Passage.Direct
            ? Through(proxy, request, cancellationToken)
            : For(request).SendAsync(request, cancellationToken);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        For(request).Send(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _named.Dispose();
            _others.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>What is no TLS or no HTTP in a tunnel may be the proxy's.</summary>
    private async Task<HttpResponseMessage> Through(ProxySettings proxy, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await For(request).SendAsync(request, cancellation);
        }
        catch (HttpRequestException fault)
            when (fault.HttpRequestError is HttpRequestError.SecureConnectionError or HttpRequestError.InvalidResponse
            && !fault.Causes().Any(cause => cause is UntrustedCertificateException or ProxyException))
        {
            var reason = ExchangeFault.Of(fault).Reason;
            throw new HttpRequestException(
                HttpRequestError.ProxyTunnelError, fault.Message, new ProxyException(
                    $"through the proxy {proxy.Name} ({proxy.Source}): {reason}", $"through the proxy {reason}", fault));
        }
    }

    private HttpMessageInvoker For(HttpRequestMessage request) => _settings.Targets.Owns(request.RequestUri!) ? _named : _others;

    private static SocketsHttpHandler Showing(
        EgressSettings settings, IReadOnlyCollection<IPAddress> excepted, string certificate, string key)
    {
        var handler = UpstreamTransport.Sockets(settings, excepted);
        handler.SslOptions.ClientCertificateContext = CertificatePair.ChainOf(certificate, key);
        return handler;
    }
}
