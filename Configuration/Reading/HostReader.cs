using System.Net;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>listen</c>, <c>admin</c>, <c>tokens</c> and the sections of later versions.</summary>
internal static class HostReader
{
    public static ListenConfiguration Listen(Field field, ReadingContext context)
    {
        var otherwise = new ListenConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var listen = new ListenConfiguration
        {
            Data = map["data"].Origin() ?? otherwise.Data,
            Admin = map["admin"].Origin() ?? otherwise.Admin,
            Tls = Tls(map["tls"], context),
            TrustedProxies = [.. map["trustedProxies"].Items().Select(item => item.Network()).OfType<IPNetwork>()],
            ProxyProtocol = map["proxyProtocol"].Flag(false),
            Http2 = map["http2"].Flag(true),
            Peer = map["peer"].Origin(),
        };
        map.RefuseOthers();
        if (listen is { ProxyProtocol: true, TrustedProxies.Count: 0 })
        {
            map["proxyProtocol"].Fail(
                "needs listen.trustedProxies: only connections from there may begin with a PROXY header, and all others are closed");
        }

        if (listen.Data.Port == listen.Admin.Port && listen.Data.Port > 0 && listen.Data.IdnHost == listen.Admin.IdnHost)
        {
            map["admin"].Fail("is the address of listen.data; each listener needs a port of its own");
        }

        if (listen.WhyNotData(listen.Data) is { } noData)
        {
            map["data"].Fail(noData);
        }

        if (ListenConfiguration.WhyNotAdmin(listen.Admin) is { } noAdmin)
        {
            map["admin"].Fail(noAdmin);
        }

        return listen;
    }

    /// <summary>What gateways that read from each other cannot do without.</summary>
    public static void RequireForPeer(Field field, FrontDoorConfiguration host)
    {
        if (host.Listen.Peer is not { } address || field.Map() is not { } map)
        {
            return;
        }

        var peer = map["peer"];
        if (address.Scheme != Uri.UriSchemeHttps)
        {
            peer.Fail("must be https://: gateways authenticate each other with certificates");
        }

        if (host.Cluster.Tls is null)
        {
            peer.Fail("needs cluster.tls: gateways authenticate each other with certificates of the cluster's CA");
        }

        if (host.Cache is null)
        {
            peer.Fail("needs cache: gateways serve each other what is in their caches");
        }
    }

    public static AdminConfiguration Admin(Field field, Field listener, ListenConfiguration listen, ReadingContext context)
    {
        SecretSource? token = null;
        if (field.IsPresent && field.Map() is { } map)
        {
            token = context.Secret(map["token"]);
            map.RefuseOthers();
        }

        if (token is null && !EndpointReader.IsLoopback(listen.Admin))
        {
            (field.IsPresent || !listener.IsMap ? field : listener.Map()!["admin"])
                .Fail("admin.token is required when the admin listener is not on loopback");
        }

        return new AdminConfiguration { Token = token };
    }

    public static TokenConfiguration Tokens(Field field)
    {
        var otherwise = new TokenConfiguration();
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return otherwise;
        }

        var access = map["accessLifetime"].Duration(otherwise.AccessLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));
        var tokens = new TokenConfiguration
        {
            AccessLifetime = access,
            RefreshLifetime = map["refreshLifetime"].Duration(otherwise.RefreshLifetime, access, TimeSpan.FromDays(366)),
            KeyRotation = map["keyRotation"].Duration(otherwise.KeyRotation, access * 2, TimeSpan.FromDays(366)),
        };
        map.RefuseOthers();
        return tokens;
    }

    private static TlsConfiguration? Tls(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var (certificate, key) = PemReader.Pair(map["certificate"], map["key"], context);
        map.RefuseOthers();
        return new TlsConfiguration(certificate, key);
    }
}
