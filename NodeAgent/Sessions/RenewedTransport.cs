using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// Connections whose authorities are in a file that others write and renew, as kubelet does with that of the API server. It is read when
/// the first request comes, and looked at with every other one; a file that cannot be used leaves the authorities of before.
/// </summary>
/// <param name="caFile">The file.</param>
/// <param name="open">Makes the connections.</param>
internal sealed class RenewedTransport(string caFile, Func<X509Certificate2Collection, HttpMessageHandler> open) : HttpMessageHandler
{
    private readonly WatchedFiles _file = new([caFile], Authorities.MaxBundle);
    private readonly Lock _gate = new();
    private HttpMessageInvoker? _current;
    private string _used = "";

    /// <exception cref="AuthorityException">The authorities cannot be read, and never could be.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Current().SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _current?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Requests that are under way end with the connections of before, which end when they are idle.</summary>
    private HttpMessageInvoker Current()
    {
        lock (_gate)
        {
            if (_file.Look() is var now && (_current is null || now != _used))
            {
                try
                {
                    _current = new HttpMessageInvoker(open(Authorities.Load(caFile)));
                }
                catch (AuthorityException) when (_current is not null)
                {
                    // It is tried again when it is another one.
                }

                _used = now;
            }

            return _current!;
        }
    }
}
