using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>
/// What is known of a public registry, so that one line configures it. The realms of a preset hold for its host under any name.
/// </summary>
/// <param name="Name">The <c>preset</c> in the file.</param>
/// <param name="Registry">How image names begin that mean this registry; <c>null</c> where every customer has another one.</param>
/// <param name="Url">Scheme and authority; <c>null</c> where every customer has another one.</param>
public sealed record UpstreamPreset(string Name, string? Registry, Uri? Url)
{
    /// <summary>Prefix for names of one component; <c>null</c> for none.</summary>
    public string? OfficialPrefix { get; private init; }

    /// <summary>Token endpoints that are not on the registry's own origin.</summary>
    public IReadOnlyList<Uri> Realms { get; private init; } = [];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<UpstreamPreset> All { get; } =
    [
        Known("docker-hub", "docker.io", "registry-1.docker.io") with
        {
            OfficialPrefix = "library", Realms = [new Uri("https://auth.docker.io/token")]
        },
        Known("ghcr", "ghcr.io", "ghcr.io"),
        Known("quay", "quay.io", "quay.io"),
        Known("gcr", "gcr.io", "gcr.io"),
        Known("registry.k8s.io", "registry.k8s.io", "registry.k8s.io"),
        Known("ecr-public", "public.ecr.aws", "public.ecr.aws"),
        Known("mcr", "mcr.microsoft.com", "mcr.microsoft.com"),
        Known("gitlab", "registry.gitlab.com", "registry.gitlab.com") with { Realms = [new Uri("https://gitlab.com/jwt/auth")] },
        new("artifact-registry", null, null),
    ];

    /// <summary>The preset of a name; <c>null</c> when there is none.</summary>
    public static UpstreamPreset? Of(string name) => All.FirstOrDefault(preset => preset.Name == name);

    /// <summary>Token endpoints that the registry at this address is known to use beside its own origin.</summary>
    public static IReadOnlyList<Uri> RealmsOf(Uri url) =>
        HttpOrigin.TryGet(url, out var origin)
            ? All.FirstOrDefault(preset => preset.Url is { } known && HttpOrigin.Of(known) == origin)?.Realms ?? [] : [];

    /// <summary>
    /// The addresses that an operator names for an upstream: its own, its token endpoints, and those that its registry is known to use.
    /// </summary>
    public static IEnumerable<Uri> AddressesOf(UpstreamConfiguration upstream) =>
        [upstream.Url, .. upstream.Realms, .. RealmsOf(upstream.Url)];

    /// <summary>An upstream of this preset, without credentials.</summary>
    public UpstreamConfiguration Upstream(string name) =>
        new() { Name = name, Url = Url!, OfficialPrefix = OfficialPrefix, Realms = Realms };

    private static UpstreamPreset Known(string name, string registry, string host) => new(name, registry, new Uri($"https://{host}"));
}
