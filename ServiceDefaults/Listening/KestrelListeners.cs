using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Binds the listeners of a host.</summary>
public static class KestrelListeners
{
    /// <summary>Binds the listeners in this order; each connection is marked with the kind of its listener.</summary>
    public static void AddListeners(this WebApplicationBuilder builder, HostStart start, params ListenerKind[] kinds) =>
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            SetLimits(kestrel);
            foreach (var kind in kinds)
            {
                var address = kind == ListenerKind.Data ? start.Data : start.Admin;
                var tls = kind == ListenerKind.Data ? start.Source.Current.Configuration.Listen.Tls : null;
                Bind(kestrel, address, options => Mark(options, kind, tls));
            }
        });

    private static void SetLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.Http2.MaxStreamsPerConnection = 100;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = 16 * 1024;
    }

    private static void Bind(KestrelServerOptions kestrel, Uri address, Action<ListenOptions> configure)
    {
        var host = address.Host.Trim('[', ']');
        if (IPAddress.TryParse(host, out var ip))
        {
            kestrel.Listen(ip, address.Port, configure);
        }
        else if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            kestrel.Listen(IPAddress.Loopback, address.Port, configure);
        }
        else
        {
            kestrel.ListenAnyIP(address.Port, configure);
        }
    }

    private static void Mark(ListenOptions options, ListenerKind kind, TlsConfiguration? tls)
    {
        var feature = new ListenerFeature(kind);
        options.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
        if (tls is not null)
        {
            options.Protocols = HttpProtocols.Http1AndHttp2;
            options.UseHttps(new ReloadingCertificate(tls, TimeProvider.System).Configure);
        }
        else
        {
            options.Protocols = HttpProtocols.Http1;
        }
    }
}
