using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Egress;

/// <summary>Sends as settings say. Our certificate is shown to the servers that the operator named, not to where they redirect.</summary>
internal sealed class EgressHandler : HttpMessageHandler
{
    private readonly EgressSettings _settings;
    private readonly HttpMessageInvoker _named;
    private readonly HttpMessageInvoker _others;

    public EgressHandler(EgressSettings settings)
    {
        _settings = settings;
        _others = new HttpMessageInvoker(UpstreamTransport.Sockets(settings));
        _named = settings.Tls is { Certificate: { } certificate, Key: { } key } ? new HttpMessageInvoker(Showing(settings, certificate, key.Reveal())) : _others;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        For(request).SendAsync(request, cancellationToken);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => For(request).Send(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _named.Dispose();
            _others.Dispose();
        }

        base.Dispose(disposing);
    }

    private HttpMessageInvoker For(HttpRequestMessage request) => _settings.Targets.Owns(request.RequestUri!) ? _named : _others;

    private static SocketsHttpHandler Showing(EgressSettings settings, string certificate, string key)
    {
        X509Certificate2Collection chain = [];
        chain.ImportFromPem(certificate);
        var handler = UpstreamTransport.Sockets(settings);
        handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), chain, offline: true);
        return handler;
    }
}
