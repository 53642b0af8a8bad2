using System.Net;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Background;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>Connections to front doors: no redirects, no cookies, and the registry's own authority where one is configured.</summary>
internal static class RegistryTransport
{
    /// <summary>Makes them.</summary>
    /// <param name="caFile">The registry's own authorities; <c>null</c> for those of the machine.</param>
    /// <param name="resolve">Finds the addresses of a name; <c>null</c> for the machine's way.</param>
    public static HttpMessageHandler Create(string? caFile, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) =>
        caFile is null ? Connections(null, resolve) : new RenewedTransport(caFile, authorities => Connections(authorities, resolve));

    private static SocketsHttpHandler Connections(
        X509Certificate2Collection? authorities, Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        resolve ??= Dns.GetHostAddressesAsync;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), ActivityHeadersPropagator = null,
            // Of a name with several addresses one that does not answer holds nobody up.
            ConnectCallback = async (context, cancellation) => await StaggeredConnection.Tcp.Open(
                await resolve(context.DnsEndPoint.Host, cancellation), context.DnsEndPoint.Port, cancellation),
        };
        if (authorities is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return handler;
    }
}
