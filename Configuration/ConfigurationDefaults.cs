using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>The configuration that is used without a file: anonymous pull of public images.</summary>
public static class ConfigurationDefaults
{
    private static readonly (string Host, string Url)[] PublicRegistries =
    [
        ("ghcr.io", "https://ghcr.io"),
        ("quay.io", "https://quay.io"),
        ("gcr.io", "https://gcr.io"),
        ("registry.k8s.io", "https://registry.k8s.io"),
        ("public.ecr.aws", "https://public.ecr.aws"),
        ("mcr.microsoft.com", "https://mcr.microsoft.com"),
    ];

    /// <summary>Docker Hub at the root, the other public registries by path prefix, and all of them by <c>?ns=</c>.</summary>
    public static ConfigurationSnapshot NoFile()
    {
        var hub = new UpstreamConfiguration
        {
            Name = "hub",
            Url = new Uri("https://registry-1.docker.io"),
            OfficialPrefix = "library",
            Realms = [new Uri("https://auth.docker.io/token")],
        };
        var others = PublicRegistries.Select(registry => new UpstreamConfiguration { Name = registry.Host.Replace('.', '-'), Url = new Uri(registry.Url) });
        var tenant = new TenantConfiguration
        {
            Name = "default",
            Hosts = ["*"],
            Routes =
            [
                new RouteConfiguration { Prefix = "", Upstreams = ["hub"] },
                .. PublicRegistries.Select(registry => new RouteConfiguration { Prefix = registry.Host, Upstreams = [registry.Host.Replace('.', '-')] }),
            ],
            Namespaces = PublicRegistries.ToDictionary(registry => registry.Host, registry => registry.Host)
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
                Upstreams = others.Append(hub).ToDictionary(upstream => upstream.Name),
                Tenants = new Dictionary<string, TenantConfiguration> { [tenant.Name] = tenant },
            },
            "built-in");
    }
}
