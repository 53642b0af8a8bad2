namespace RegistryProxy.Egress;

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
