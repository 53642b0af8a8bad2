namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>Is told of each step that a connection makes before its first request. A feature of connections.</summary>
public interface IConnectionProgress
{
    /// <summary>It came a step further: a whole hello, a place, the end of the handshake.</summary>
    void Advance();
}
