namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// Connections whose authorities are read when the first of them is needed, and again with every request until they can be: a file that is
/// not there yet, or not for a while, ends no agent.
/// </summary>
/// <param name="open">Makes the connections.</param>
internal sealed class OwnAuthorityHandler(Func<HttpMessageHandler> open) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private volatile HttpMessageInvoker? _connections;

    /// <exception cref="AuthorityException">The authorities cannot be read.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        (_connections ?? Open()).SendAsync(request, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _connections?.Dispose();
        }

        base.Dispose(disposing);
    }

    private HttpMessageInvoker Open()
    {
        lock (_gate)
        {
            return _connections ??= new HttpMessageInvoker(open());
        }
    }
}
