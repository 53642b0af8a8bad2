using System.Net;
using System.Text;

namespace RegistryProxy.Egress;

/// <summary>Makes the handler through which every socket to an upstream, its storage or its token service is opened.</summary>
public static class UpstreamTransport
{
    /// <summary>The most that the header of one answer may take, in KiB; so much is read of trailers, too.</summary>
    public const int MaxHeader = 32;

    /// <summary>How long it is waited for that a server says whether it wants a body; most say nothing, and get it.</summary>
    public static readonly TimeSpan ContinueTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>A handler for connections as settings say; otherwise as the other one.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="excepted">Addresses that may be dialled all the same, and are dialled from here: the metadata service of the
    /// machine.</param>
    public static HttpMessageHandler Create(EgressSettings settings, params IReadOnlyCollection<IPAddress> excepted) =>
        settings.IsPlain ? Sockets(settings, excepted) : new EgressHandler(settings, excepted);

    /// <summary>
    /// A handler that vets addresses when it connects, follows no redirect, keeps no cookie, uses no proxy and decodes nothing.
    /// </summary>
    /// <param name="allowPrivate">Whether loopback and private addresses may be dialled.</param>
    /// <param name="excepted">Addresses that may be dialled all the same: the metadata service that a credential of the machine comes
    /// from.</param>
    public static SocketsHttpHandler Create(bool allowPrivate, params IReadOnlyCollection<IPAddress> excepted) =>
        Sockets(new EgressSettings(allowPrivate), excepted);

    internal static SocketsHttpHandler Sockets(EgressSettings settings, params IReadOnlyCollection<IPAddress> excepted) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,

        // The connector asks the proxy, so that TLS and its protocols are those of the target.
        UseProxy = false,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = MaxHeader,

        SslOptions =
        {
            CertificateChainPolicy = ServerTrust.Policy(),
            RemoteCertificateValidationCallback = ServerTrust.With(settings.Tls?.Authorities).Validate,
        },

        // One character for each octet, of Location too: what they mean is for the reader to say.
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        Expect100ContinueTimeout = ContinueTimeout,
        ConnectTimeout = settings.Proxy is null ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        ConnectCallback = (context, cancellation) => ProxiedConnector.Connect(context.DnsEndPoint, settings, excepted, cancellation),
    };
}
