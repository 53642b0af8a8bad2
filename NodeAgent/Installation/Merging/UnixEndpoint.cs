namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>kubelet takes the path of a socket with and without its scheme.</summary>
internal static class UnixEndpoint
{
    public static string PathOf(string endpoint) =>
        endpoint.StartsWith("unix:", StringComparison.Ordinal) ? $"/{endpoint["unix:".Length..].TrimStart('/')}" : endpoint;

    public static bool Same(string? one, string? other) => one is not null && other is not null && PathOf(one) == PathOf(other);
}
