using System.Net;

namespace RegistryProxy.Egress;

/// <summary>
/// Waits for the addresses of a request's host before the time limits of connecting and answering begin: names may be slow.
/// </summary>
public sealed class HostLookup(EgressSettings settings, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly RedirectLookups _redirects = new();

    /// <summary>
    /// Waits until the addresses of a host, or of the proxy on the way to it, are known; what is wrong with them is for the connection to
    /// say.
    /// </summary>
    public static async ValueTask Wait(Uri address, EgressSettings settings, CancellationToken cancellation)
    {
        try
        {
            var passage = settings.To(address.IdnHost, address.Port);
            if (passage != Passage.ProxyByName)
            {
                await HostAddresses.System.Get(address.IdnHost, cancellation);
            }

            if (passage != Passage.Direct)
            {
                await HostAddresses.System.Get(settings.Proxy!.Url.IdnHost, cancellation);
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // The connection meets the same, and says so.
        }
    }

    /// <summary>Whether the name of a host has to be resolved here first.</summary>
    internal static bool HasToLookUp(Uri address, EgressSettings settings) =>
        settings.To(address.IdnHost, address.Port) != Passage.ProxyByName && !IPAddress.TryParse(address.IdnHost, out _)
        && !HostAddresses.System.IsKnown(address.IdnHost);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        var wait = OriginGuard.LeftBy(request) is { } upstream && HasToLookUp(address, settings)
            ? new ValueTask(_redirects.Run(
                upstream, address.IdnHost, () => Wait(address, settings, CancellationToken.None).AsTask(), cancellationToken))
            : Wait(address, settings, cancellationToken);
        return wait.IsCompletedSuccessfully ? base.SendAsync(request, cancellationToken) : After(wait, request, cancellationToken);
    }

    private async Task<HttpResponseMessage> After(ValueTask wait, HttpRequestMessage request, CancellationToken cancellation)
    {
        await wait;
        return await base.SendAsync(request, cancellation);
    }
}
