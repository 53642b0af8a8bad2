namespace RegistryProxy.Protocol;

/// <summary>
/// Clients of the token endpoint that it treats differently, by their <c>client_id</c> (distribution, spec/auth/oauth.md).
/// </summary>
public static class TokenClient
{
    /// <summary>The agent on a node: its sessions live for an hour at most.</summary>
    public const string NodeAgent = "registryproxy-nodeagent";
}
