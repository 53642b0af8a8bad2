using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>The configuration that is used without a file: anonymous pull of public images.</summary>
public static class ConfigurationDefaults
{
    private static readonly string[] ByPrefix = ["ghcr", "quay", "gcr", "registry.k8s.io", "ecr-public", "mcr"];

    /// <summary>Docker Hub at the root, the other public registries by path prefix, and all of them by <c>?ns=</c>.</summary>
    public static ConfigurationSnapshot NoFile()
    {
        var hub = UpstreamPreset.Of("docker-hub")!.Upstream("hub");
        List<(string Registry, UpstreamConfiguration Upstream)> others =
        [
            .. ByPrefix.Select(name => UpstreamPreset.Of(name)!)
                .Select(preset => (preset.Registry!, preset.Upstream(preset.Registry!.Replace('.', '-')))),
        ];
        var tenant = new TenantConfiguration
        {
            Name = "default",
            Hosts = ["*"],
            Routes =
            [
                new RouteConfiguration { Prefix = "", Upstreams = ["hub"] },
                .. others.Select(other => new RouteConfiguration { Prefix = other.Registry, Upstreams = [other.Upstream.Name] }),
            ],
            Namespaces = others.ToDictionary(other => other.Registry, other => other.Registry)
                .Append(new("docker.io", "")).ToDictionary(),
            Access =
            [
                new AccessRuleConfiguration
                {
                    Name = "public",
                    Who = [new AccessSubject(AccessSubjectKind.Anonymous, null, "")],
                    Repositories = [RepositoryPattern.Parse("**")],
                    Actions = RepositoryActions.Pull,
                },
            ],
        };
        return new ConfigurationSnapshot(
            new FrontDoorConfiguration
            {
                Upstreams = others.Select(other => other.Upstream).Append(hub).ToDictionary(upstream => upstream.Name),
                Tenants = new Dictionary<string, TenantConfiguration> { [tenant.Name] = tenant },
            },
            "built-in");
    }
}
