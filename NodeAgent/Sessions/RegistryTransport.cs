using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>Connections to front doors: no redirects, no cookies, and the registry's own authority where one is configured.</summary>
internal static class RegistryTransport
{
    public static SocketsHttpHandler Create(string? caFile)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), ActivityHeadersPropagator = null,
        };
        if (caFile is not null)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(CertificateFiles.Load(caFile));
        }

        return handler;
    }
}
