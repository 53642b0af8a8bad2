using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Binds the listeners of a host.</summary>
public static class KestrelListeners
{
    /// <summary>
    /// Binds the listeners in this order, without those that are not configured; each connection is marked with the kind of its listener.
    /// </summary>
    /// <exception cref="ConfigurationUnusableException">One of them cannot be listened on.</exception>
    public static void AddListeners(this WebApplicationBuilder builder, HostStart start, params ListenerKind[] kinds)
    {
        ListenerProbe.Require(start, kinds);
        var handover = new ConnectionHandover();
        builder.Services.AddSingleton<IConnectionListenerFactory>(handover);
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

    private static Uri? AddressOf(HostStart start, ListenerKind kind) => kind switch
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
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = 16 * 1024;
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

    /// <summary>What a host name stands for: itself, loopback, or every address of this machine.</summary>
    internal static IPAddress AddressOf(Uri listener)
    {
        var host = listener.Host.Trim('[', ']');
        return IPAddress.TryParse(host, out var ip) ? ip
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
            : Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
    }

    private static void Configure(ListenOptions options, ListenerKind kind, FrontDoorConfiguration configuration, ConnectionHandover handover)
    {
        var feature = new ListenerFeature(kind);
        options.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
        if (kind == ListenerKind.Data && configuration.Listen.ProxyProtocol)
        {
            options.Use(ActivatorUtilities.CreateInstance<ProxyProtocol>(options.ApplicationServices, configuration.Listen.TrustedProxies).Handle);
        }

        switch (kind)
        {
            case ListenerKind.Data when configuration.Listen.Tls is { } tls:
                options.Protocols = HttpProtocols.Http1AndHttp2;
                options.UseHttps(new ReloadingCertificate(tls, TimeProvider.System).Configure);
                break;
            case ListenerKind.Peer:
                // Its pings tell a gateway that hangs from one that waits for its upstream.
                options.Protocols = HttpProtocols.Http2;
                options.UseHttps(new MemberCertificates(configuration.Cluster.Tls!, TimeProvider.System).Configure);
                break;
            case ListenerKind.Data:
                options.Protocols = HttpProtocols.Http1;
                options.Use(new PriorKnowledge(handover, TimeProvider.System).Handle);
                break;
            default:
                options.Protocols = HttpProtocols.Http1;
                break;
        }
    }
}
