namespace RegistryProxy.Configuration;

/// <summary>What is on the way out for everything that leaves.</summary>
public sealed record EgressConfiguration
{
    /// <summary><c>null</c> for that of <c>HTTPS_PROXY</c>, where it is set.</summary>
    public ProxyConfiguration? Proxy { get; init; }

    /// <summary>What <see cref="Proxy"/> is not used for; entries of a <see cref="Protocol.NoProxyList"/>.</summary>
    public IReadOnlyList<string> NoProxy { get; init; } = [];
}
