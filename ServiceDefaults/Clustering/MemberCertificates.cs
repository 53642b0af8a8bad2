using System.Buffers.Text;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Files;

namespace RegistryProxy.ServiceDefaults.Clustering;

/// <summary>
/// Mutual TLS between the members of a cluster: whoever has a certificate of the cluster's authority is a member, nobody else gets a byte.
/// The files are looked at once a second when somebody connects; a broken set leaves the last good one in use.
/// </summary>
public sealed class MemberCertificates
{
    private const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>What members ask each other for; certificates are not compared with it.</summary>
    private const string TargetHost = "registryproxy-member";

    private readonly ReloadedFiles<Loaded> _files;

    /// <exception cref="ConfigurationUnusableException">The files cannot be used.</exception>
    public MemberCertificates(ClusterTlsConfiguration files, TimeProvider time)
    {
        try
        {
            _files = new ReloadedFiles<Loaded>(
                [files.Certificate, files.Key, files.Ca],
                () => new Loaded(CertificatePair.LoadChain(files.Certificate, files.Key), CertificateFiles.Load(files.Ca)),
                (known, next) => CertificatesInUse.Refuse(known.Own, next.Own, time)
                    ?? CertificateFiles.ProblemAt(time.GetUtcNow(), next.Authority),
                time);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException)
        {
            throw new ConfigurationUnusableException("cluster.tls", $"certificate, key or authority cannot be used: {fault.Message}");
        }

        CertificatesInUse.Watch("cluster.tls", () => _files.Look() is var (loaded, problem) ? (loaded.Own, problem) : default);
    }

    /// <summary>Sets both ends of a connection up.</summary>
    public void Configure(TlsOptions tls)
    {
        // Asked for at the start, then never used: the selectors decide.
        tls.LocalCertificate = _files.Current.Own;
        tls.LocalServerCertificateSelector = (_, _) => _files.Current.Own;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => _files.Current.Own;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, chain, _) => IsMember(certificate, chain);
        tls.OnAuthenticateAsServer = (_, server) => ShowChain((SslServerAuthenticationOptions)server.SslServerAuthenticationOptions);
        tls.OnAuthenticateAsClient = (_, client) =>
        {
            client.TargetHost = TargetHost;
            ShowChain((SslClientAuthenticationOptions)client.SslClientAuthenticationOptions);
        };
    }

    /// <summary>A selector shows the certificate alone, and who knows only the authority could not tell where it comes from.</summary>
    private void ShowChain(SslServerAuthenticationOptions tls) =>
        (tls.ServerCertificate, tls.ServerCertificateSelectionCallback, tls.ServerCertificateContext) = (null, null, _files.Current.Chain);

    private void ShowChain(SslClientAuthenticationOptions tls) =>
        (tls.ClientCertificates, tls.LocalCertificateSelectionCallback, tls.ClientCertificateContext) = (null, null, _files.Current.Chain);

    /// <summary>The TLS options of a listener for members alone, for a handshake that begins now.</summary>
    public SslServerAuthenticationOptions ForListener() => new()
    {
        EnabledSslProtocols = Protocols,
        AllowRenegotiation = false,
        AllowTlsResume = false,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ServerCertificateContext = _files.Current.Chain,
        ClientCertificateRequired = true,
        CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        RemoteCertificateValidationCallback = IsMember,
    };

    /// <summary>
    /// Connects to such a listener for an HTTP client (HTTP/2 alone), with the certificates that are in use when it does. The client's
    /// limit of time to connect holds for the handshake too.
    /// </summary>
    public async ValueTask<Stream> Connect(SocketsHttpConnectionContext connection, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? tls = null;
        try
        {
            await socket.ConnectAsync(connection.DnsEndPoint, cancellation);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(ForConnection(), cancellation);
            return tls;
        }
        catch
        {
            await (tls?.DisposeAsync() ?? ValueTask.CompletedTask);
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions ForConnection()
    {
        var tls = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = Protocols,
            TargetHost = TargetHost,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = IsMember,
        };
        ShowChain(tls);
        return tls;
    }

    /// <summary>Names the certificate that this process shows now (RFC 8705 §3.1).</summary>
    public string Thumbprint => ThumbprintOf(_files.Current.Own);

    /// <summary>Names a certificate: SHA-256, base64url.</summary>
    public static string ThumbprintOf(X509Certificate2 certificate) =>
        Base64Url.EncodeToString(certificate.GetCertHash(HashAlgorithmName.SHA256));

    private bool IsMember(object connection, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors problems) =>
        certificate is X509Certificate2 member && IsMember(member, presented);

    /// <summary>Addresses of members come and go, so names are not compared; the authority is of this cluster alone.</summary>
    private bool IsMember(X509Certificate2 certificate, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_files.Current.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        return chain.Build(certificate);
    }

    private sealed record Loaded(SslStreamCertificateContext Chain, X509Certificate2Collection Authority)
    {
        public X509Certificate2 Own => Chain.TargetCertificate;
    }
}
