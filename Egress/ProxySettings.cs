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

/// <summary>A proxy made no tunnel, or one that leads nowhere.</summary>
/// <param name="message">For operators: which proxy, what happened and what mends it.</param>
/// <param name="summary">For clients: what happened, without the proxy's name.</param>
/// <param name="inner">What lies under it.</param>
public sealed class ProxyException(string message, string summary, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What happened, for those who need not know which proxy it is.</summary>
    public string Summary => summary;

    /// <summary>Whether it stays so until somebody changes a configuration.</summary>
    public bool IsLasting { get; init; }

    /// <summary>Whether the proxy says that it is the target that cannot be reached.</summary>
    public bool IsOfTarget { get; init; }
}
