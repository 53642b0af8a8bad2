using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What an upstream's token must carry for an operation, in the upstream's own names; the wanted scope comes first.</summary>
internal static class UpstreamScope
{
    public const string Catalog = "registry:catalog:*";

    public static string Pull(RepositoryName name) => $"repository:{name}:pull";

    public static string Push(RepositoryName name) => $"repository:{name}:pull,push";

    public static string Delete(RepositoryName name) => $"repository:{name}:delete";

    /// <summary>Pushing to one repository with a blob of another.</summary>
    public static string Mount(RepositoryName target, RepositoryName source) => $"{Push(target)} {Pull(source)}";
}
