using System.Net;

namespace RegistryProxy.Configuration;

/// <summary>The listeners.</summary>
public sealed record ListenConfiguration
{
    /// <summary>Default <c>http://127.0.0.1:5000</c>; port 0 picks a free one.</summary>
    public Uri Data { get; init; } = new("http://127.0.0.1:5000");

    /// <summary>Default <c>http://127.0.0.1:5001</c>; port 0 picks a free one.</summary>
    public Uri Admin { get; init; } = new("http://127.0.0.1:5001");

    /// <summary>Certificate of the data listener; read again when the files change.</summary>
    public TlsConfiguration? Tls { get; init; }

    /// <summary>Whose <c>X-Forwarded-For</c> and PROXY headers are believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Whether every connection of the data listener begins with a PROXY header. Default no.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>Whether the TLS of the data listener offers HTTP/2 beside HTTP/1.1. Default yes.</summary>
    public bool Http2 { get; init; } = true;

    /// <summary>
    /// Where other gateways of the cluster read what is cached here; <c>https</c>. <c>null</c> for nowhere; port 0 picks a free one.
    /// </summary>
    public Uri? Peer { get; init; }

    /// <summary>
    /// Why the data listener cannot be an address, as the end of a sentence that begins with its key; <c>null</c> when it can.
    /// </summary>
    public string? WhyNotData(Uri address) => Tls is null == (address.Scheme == Uri.UriSchemeHttp)
        ? null
        : "an https:// data listener needs listen.tls, and listen.tls an https:// data listener";

    /// <summary>The same of the admin listener.</summary>
    public static string? WhyNotAdmin(Uri address) => address.Scheme == Uri.UriSchemeHttp
        ? null
        : "must be http://: the admin listener has no TLS of its own; reach it on loopback, by a tunnel, or by a proxy that ends TLS";

    /// <summary>Whether the listeners of two configurations are the same.</summary>
    public bool IsSameAs(ListenConfiguration other) =>
        Data == other.Data && Admin == other.Admin && Tls == other.Tls && TrustedProxies.SequenceEqual(other.TrustedProxies)
        && ProxyProtocol == other.ProxyProtocol && Http2 == other.Http2 && Peer == other.Peer;
}

/// <summary>A certificate and its key, PEM files by absolute path.</summary>
public sealed record TlsConfiguration(string Certificate, string Key);

/// <summary>The admin listener.</summary>
public sealed record AdminConfiguration
{
    /// <summary>Required when the admin listener is not on loopback.</summary>
    public SecretSource? Token { get; init; }
}

/// <summary>Lives of tokens and keys.</summary>
public sealed record TokenConfiguration
{
    /// <summary>1 to 15 minutes; default 15.</summary>
    public TimeSpan AccessLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>At least the access lifetime; default 30 days.</summary>
    public TimeSpan RefreshLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>At least twice the access lifetime; default 24 hours.</summary>
    public TimeSpan KeyRotation { get; init; } = TimeSpan.FromHours(24);
}
