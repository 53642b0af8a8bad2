using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Binds the listeners of a host.</summary>
public static class KestrelListeners
{
    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxHeaders = 100;
    private const int MaxRequestLine = 17 * 1024;
    private const int MaxStreams = 100;
    private const int MaxHttp2Field = 16 * 1024;

    /// <summary>
    /// What is buffered of one connection that is not read from, in bytes: of one whose request waits for something, or is pipelined behind
    /// another.
    /// </summary>
    private const int MaxReadBuffer = 64 * 1024;

    /// <summary>From the first byte of a request to the end of its head.</summary>
    private static readonly TimeSpan MaxHeaderTime = TimeSpan.FromSeconds(10);

    /// <summary>Between two requests. Load balancers keep theirs open for a minute.</summary>
    private static readonly TimeSpan MaxIdleTime = TimeSpan.FromSeconds(130);

    /// <summary>How long a client may take nothing of an answer that waits for it.</summary>
    private static readonly TimeSpan MaxStall = TimeSpan.FromSeconds(60);

    /// <summary>What a client must take of an answer in the long run, in bytes a second.</summary>
    private const double MinTaken = 240;

    /// <summary>
    /// Binds the listeners in this order, without those that are not configured; each connection is marked with the kind of its listener.
    /// </summary>
    /// <exception cref="ConfigurationUnusableException">One of them cannot be listened on.</exception>
    public static void AddListeners(this WebApplicationBuilder builder, HostStart start, params ListenerKind[] kinds)
    {
        ListenerProbe.Of(builder).Require(start, kinds);
        var handover = new ConnectionHandover();
        builder.Services.AddSingleton<IConnectionListenerFactory>(handover);
        builder.Services.Configure<SocketTransportOptions>(static sockets => sockets.MaxReadBufferSize = MaxReadBuffer);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            SetLimits(kestrel);
            foreach (var kind in kinds)
            {
                if (AddressOf(start, kind) is { } address)
                {
                    Bind(kestrel, address, options => Configure(options, kind, start.Source.Current.Configuration, handover));
                }
            }

            if (kinds.Contains(ListenerKind.Data))
            {
                kestrel.Listen(handover.EndPoint, options => options.Protocols = HttpProtocols.Http2);
            }
        });
    }

    internal static Uri? AddressOf(HostStart start, ListenerKind kind) => kind switch
    {
        ListenerKind.Data => start.Data,
        ListenerKind.Admin => start.Admin,
        _ => start.Peer,
    };

    private static void SetLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // A load balancer that ends TLS says https by HTTP/2, as its client did.
        kestrel.AllowAlternateSchemes = true;

        // The authority of an absolute target counts, not Host (RFC 9112 §3.2.2).
        kestrel.AllowHostHeaderOverride = true;
        kestrel.RequestHeaderEncodingSelector = HeaderRules.EncodingOf;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLine;
        kestrel.Limits.RequestHeadersTimeout = MaxHeaderTime;
        kestrel.Limits.KeepAliveTimeout = MaxIdleTime;

        // It counts no bytes that its own buffer is filled with: who takes nothing has this long for each flush, whatever he took before.
        kestrel.Limits.MinResponseDataRate = new MinDataRate(MinTaken, MaxStall);
        kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreams;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxHttp2Field;
    }

    private static void Bind(KestrelServerOptions kestrel, Uri address, Action<ListenOptions> configure)
    {
        if (AddressOf(address) is var ip && ip.Equals(IPAddress.IPv6Any))
        {
            kestrel.ListenAnyIP(address.Port, configure);
        }
        else
        {
            kestrel.Listen(ip, address.Port, configure);
        }
    }

    internal static IPAddress AddressOf(Uri listener) => AddressOf(listener, Socket.OSSupportsIPv6);

    /// <summary>
    /// What a host stands for: itself, loopback, or every address of this machine, which <c>[::]</c> means, too. On a machine without IPv6
    /// those are the ones of IPv4.
    /// </summary>
    internal static IPAddress AddressOf(Uri listener, bool hasIPv6)
    {
        var host = listener.IdnHost;
        var address = IPAddress.TryParse(host, out var ip) ? ip
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
            : IPAddress.IPv6Any;
        return !hasIPv6 && address.Equals(IPAddress.IPv6Any) ? IPAddress.Any : address;
    }

    private static void Configure(
        ListenOptions options, ListenerKind kind, FrontDoorConfiguration configuration, ConnectionHandover handover)
    {
        var (openings, connections) = (new Openings(TimeProvider.System),
            new OpenConnections(options.ApplicationServices.GetRequiredService<RunningRequests>()));
        options.Use(next => async connection =>
        {
            using var opening = openings.Begin(connection);
            using var open = connections.Add(connection, opening);
            connection.Features.Set(new ListenerFeature(kind, opening, open));
            connection.Features.Set<IConnectionProgress>(opening);
            await next(connection);
        });
        if (kind == ListenerKind.Data && configuration.Listen.ProxyProtocol)
        {
            options.Use(ActivatorUtilities.CreateInstance<ProxyProtocol>(
                options.ApplicationServices, configuration.Listen.TrustedProxies).Handle);
        }

        switch (kind)
        {
            case ListenerKind.Data when configuration.Listen.Tls is { } tls:
                var certificate = new ReloadingCertificate(tls, configuration.Listen.Http2, TimeProvider.System);
                options.Protocols = HttpProtocols.Http1;
                Encrypt(options, () => certificate.Current);
                options.Use(new NegotiatedProtocol(handover).Handle);
                break;
            case ListenerKind.Peer:
                // Its pings tell a gateway that hangs from one that waits for its upstream.
                options.Protocols = HttpProtocols.Http2;
                Encrypt(options, new MemberCertificates(configuration.Cluster.Tls!, TimeProvider.System).ForListener);
                options.Use(FrameWatch.Handle);
                break;
            case ListenerKind.Data:
                options.Protocols = HttpProtocols.Http1;
                options.Use(new PriorKnowledge(handover).Handle);
                break;
            default:
                options.Protocols = HttpProtocols.Http1;
                break;
        }
    }

    private static void Encrypt(ListenOptions options, Func<SslServerAuthenticationOptions> current) =>
        options.Use(new TlsConnections(
            current, ActivatorUtilities.CreateInstance<HandshakeMeter>(options.ApplicationServices), TimeProvider.System).Handle);
}
