using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>A repository of an upstream that the configuration names.</summary>
internal static class NamedRepository
{
    /// <summary>The first that a rule names without a wildcard, as it is called there; <c>null</c> when none does.</summary>
    public static RepositoryName? At(UpstreamConfiguration upstream, FrontDoorConfiguration configuration) =>
        configuration.Tenants.Values.SelectMany(tenant => tenant.Access
                .Where(rule => rule.Actions.HasFlag(RepositoryActions.Pull))
                .SelectMany(rule => rule.Repositories).Where(pattern => pattern.IsName)
                .Select(pattern => At(upstream, tenant, pattern.Value)))
            .FirstOrDefault(name => name is not null);

    private static RepositoryName? At(UpstreamConfiguration upstream, TenantConfiguration tenant, string name) =>
        RepositoryName.TryParse(name, out var repository)
        && tenant.Routes.Where(route => repository.Below(route.Prefix) is not null).MaxBy(route => route.Prefix.Length) is { } route
        && route.Upstreams.Contains(upstream.Name)
        && RepositoryName.TryParse(Join(route.Rewrite, repository.Below(route.Prefix)!), out var there) ? there : null;

    private static string Join(string path, string rest) => path.Length == 0 ? rest : $"{path}/{rest}";
}
