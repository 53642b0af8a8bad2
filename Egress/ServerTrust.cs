using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Egress;

/// <summary>Judges certificates of servers: the system's authorities sign them, or those of the configuration.</summary>
/// <param name="authorities">Those of the configuration; empty for none.</param>
internal sealed class ServerTrust(X509Certificate2Collection authorities)
{
    /// <summary>The purpose that a server's certificate has (RFC 5280 §4.2.1.12).</summary>
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>The system's authorities alone.</summary>
    public static ServerTrust System { get; } = new([]);

    /// <summary>Those of a configuration, in PEM, beside the system's.</summary>
    public static ServerTrust With(string? authorities)
    {
        if (authorities is null)
        {
            return System;
        }

        X509Certificate2Collection parsed = [];
        parsed.ImportFromPem(authorities);
        return new ServerTrust(parsed);
    }

    /// <summary>How the system judges: a certificate that names where another one lies has nobody fetch it from there.</summary>
    public static X509ChainPolicy Policy() => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };

    /// <exception cref="UntrustedCertificateException">The certificate is not trusted.</exception>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (authorities.Count == 0 || certificate is not X509Certificate2 shown || errors != SslPolicyErrors.RemoteCertificateChainErrors)
        {
            throw UntrustedCertificateException.Of(certificate, chain, errors);
        }

        using var own = new X509Chain { ChainPolicy = Policy() };
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        own.ChainPolicy.ExtraStore.AddRange(chain?.ChainPolicy.ExtraStore ?? []);
        return own.Build(shown) ? true : throw UntrustedCertificateException.Of(certificate, own, errors);
    }
}
