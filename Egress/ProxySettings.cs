using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>An HTTP proxy that makes tunnels by CONNECT (RFC 9110 §9.3.6).</summary>
/// <param name="Url">Scheme and authority; with https the proxy itself is spoken to by TLS.</param>
/// <param name="Source">Who configured it, for messages: <c>upstreams.NAME.proxy</c>, <c>egress.proxy</c> or <c>HTTPS_PROXY</c>.</param>
public sealed record ProxySettings(Uri Url, string Source)
{
    /// <summary>The user of Basic credentials; <c>null</c> for none.</summary>
    public string? Username { get; init; }

    /// <summary>Its password.</summary>
    public Secret? Password { get; init; }

    /// <summary>What it is not used for.</summary>
    public NoProxyList Except { get; init; } = NoProxyList.Empty;

    /// <summary>Host and port, for messages to operators.</summary>
    public string Name => $"{Url.IdnHost}:{Url.Port}";
}
