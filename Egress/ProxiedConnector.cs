using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Egress;

/// <summary>
/// Opens connections as settings say. Through a proxy goes by name what the operator named; everything else is resolved and vetted here and
/// the proxy gets the vetted address. This machine and its metadata service are never reached through a proxy.
/// </summary>
internal static class ProxiedConnector
{
    /// <summary>Addresses of one host that the proxy is asked for.</summary>
    public const int MaxAddresses = 2;

    public static ValueTask<Stream> Connect(
        DnsEndPoint endPoint, EgressSettings settings, IReadOnlyCollection<IPAddress> excepted, CancellationToken cancellation) =>
        settings.To(endPoint.Host, endPoint.Port) switch
        {
            Passage.Direct => VettedConnector.Connect(endPoint, settings.AllowPrivate, excepted, cancellation),
            Passage.ProxyByName => new(ProxyTunnel.System.Open(settings.Proxy!, endPoint.Host, endPoint.Port, cancellation)),
            _ => ByAddress(endPoint, settings, excepted, cancellation),
        };

    private static async ValueTask<Stream> ByAddress(
        DnsEndPoint endPoint, EgressSettings settings, IReadOnlyCollection<IPAddress> excepted, CancellationToken cancellation)
    {
        var addresses = await HostAddresses.System.Get(endPoint.Host, cancellation);
        if (Array.Exists(addresses,
            address => IPAddress.IsLoopback(address) || excepted.Contains(address)
                || settings.Proxy!.Except.Has(address.ToString(), endPoint.Port)))
        {
            return await VettedConnector.Connect(endPoint, settings.AllowPrivate, excepted, cancellation);
        }

        VettedConnector.Vet(endPoint.Host, addresses, settings.AllowPrivate, excepted);

        // The proxy may have no IPv6, and does not say so.
        var tried = addresses.OrderBy(address => address.AddressFamily == AddressFamily.InterNetworkV6).Take(MaxAddresses).ToList();
        for (var i = 0; ; i++)
        {
            try
            {
                return await ProxyTunnel.System.Open(settings.Proxy!, tried[i].ToString(), endPoint.Port, cancellation);
            }
            catch (ProxyException fault) when ((fault.IsOfTarget || fault.InnerException is OperationCanceledException)
                && i + 1 < tried.Count)
            {
                // The next address may be reached.
            }
        }
    }
}
