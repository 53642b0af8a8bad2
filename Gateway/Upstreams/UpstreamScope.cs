using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What an upstream's token must carry for an operation, in the upstream's own names; the wanted scope comes first.</summary>
internal static class UpstreamScope
{
    public const string Catalog = "registry:catalog:*";

    public static string Pull(RepositoryName name) => $"repository:{name}:pull";

    public static string Push(RepositoryName name) => $"repository:{name}:pull,push";

    /// <summary>Actions on a repository, separated by commas.</summary>
    public static string Of(RepositoryName name, string actions) => $"repository:{name}:{actions}";

    /// <summary>The actions that a deletion needs, as far as that is known of a registry.</summary>
    public static string DeleteActionsOf(Upstream upstream) => upstream.Origin.Host == "quay.io" ? "pull,push" : "delete";

    /// <summary>Pushing to one repository with a blob of another.</summary>
    public static string Mount(RepositoryName target, RepositoryName source) => $"{Push(target)} {Pull(source)}";
}
