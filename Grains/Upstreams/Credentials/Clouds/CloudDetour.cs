using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>A service of a cloud that is asked at another place.</summary>
/// <param name="From">The host that the library asks.</param>
/// <param name="To">Scheme and authority that are asked instead; <c>null</c> for no detour.</param>
internal readonly record struct CloudDetour(string From, Uri? To);

/// <summary>
/// Sends requests to the places that the configuration names, paths and queries as they are. The sockets are not its own.
/// </summary>
internal sealed class DetourHandler : HttpMessageHandler
{
    private readonly HttpMessageInvoker _sockets;
    private readonly Dictionary<string, Uri> _detours = new(StringComparer.OrdinalIgnoreCase);

    public DetourHandler(HttpMessageHandler sockets, ReadOnlySpan<CloudDetour> detours)
    {
        _sockets = new HttpMessageInvoker(sockets, disposeHandler: false);
        foreach (var (from, to) in detours)
        {
            if (to is not null)
            {
                _detours[from] = to;
            }
        }
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { } asked && _detours.TryGetValue(asked.IdnHost, out var to))
        {
            request.RequestUri = HttpOrigin.Of(to).At(OriginForm.Of(asked.PathAndQuery));
        }

        return _sockets.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _sockets.Dispose();
        }

        base.Dispose(disposing);
    }
}
