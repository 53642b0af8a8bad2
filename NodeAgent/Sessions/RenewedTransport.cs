using System.Security.Cryptography;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// Connections whose authorities are in a file that others renew, as kubelet does with that of the API server. A file that cannot be used
/// leaves those of before.
/// </summary>
internal sealed class RenewedTransport : HttpMessageHandler
{
    private readonly string _caFile;
    private readonly WatchedFiles _file;
    private readonly Lock _gate = new();
    private HttpMessageInvoker _current;
    private string _used;

    /// <param name="caFile">The file.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="CryptographicException">It has no certificate.</exception>
    public RenewedTransport(string caFile)
    {
        (_caFile, _file) = (caFile, new WatchedFiles([caFile]));
        _used = _file.Look();
        _current = new HttpMessageInvoker(RegistryTransport.Create(caFile));
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Current().SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _current.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Requests that are under way end with the connections of before, which end when they are idle.</summary>
    private HttpMessageInvoker Current()
    {
        lock (_gate)
        {
            if (_file.Look() is var now && now != _used)
            {
                try
                {
                    (_current, _used) = (new HttpMessageInvoker(RegistryTransport.Create(_caFile)), now);
                }
                catch (Exception fault) when (fault is IOException or CryptographicException)
                {
                    // It is looked at again by the next request.
                }
            }

            return _current;
        }
    }
}
