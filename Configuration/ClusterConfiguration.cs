using System.Net;

namespace RegistryProxy.Configuration;

/// <summary>How silos and gateways find each other.</summary>
public sealed record ClusterConfiguration
{
    /// <summary>Default <see cref="ClusterProvider.Localhost"/>.</summary>
    public ClusterProvider Provider { get; init; }

    public string ServiceId { get; init; } = "registryproxy";

    public string ClusterId { get; init; } = "default";

    public int SiloPort { get; init; } = 11111;

    public int GatewayPort { get; init; } = 30000;

    /// <summary>The address under which others reach this silo; <c>null</c> to find it out (see <c>docs/configuration.md</c>).</summary>
    public IPAddress? Advertise { get; init; }

    /// <summary>The server of <see cref="ClusterProvider.Redis"/>.</summary>
    public RedisConfiguration? Redis { get; init; }

    /// <summary>The API server of <see cref="ClusterProvider.Kubernetes"/>.</summary>
    public KubernetesApiConfiguration Kubernetes { get; init; } = new();

    /// <summary>Mutual TLS between silos and gateways; <c>null</c> for none.</summary>
    public ClusterTlsConfiguration? Tls { get; init; }

    /// <summary>How long a gateway without the cluster serves known sessions. Default 5 minutes.</summary>
    public TimeSpan MaxStale { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>The kinds of <see cref="ClusterConfiguration"/>.</summary>
public enum ClusterProvider
{
    /// <summary>One silo, and gateways on its machine.</summary>
    Localhost,

    /// <summary>Silos and gateways that share a Redis.</summary>
    Redis,

    /// <summary>Silos and gateways that share a custom resource of a Kubernetes cluster.</summary>
    Kubernetes,
}

/// <summary>Where the Kubernetes API is; everything that is <c>null</c> is as inside of a pod.</summary>
public sealed record KubernetesApiConfiguration
{
    /// <summary>The namespace of the custom resource.</summary>
    public string? Namespace { get; init; }

    public Uri? Server { get; init; }

    /// <summary>Absolute path of a file with a bearer token; read again when it changes.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Absolute path of the certificate authority of the server, in PEM.</summary>
    public string? Ca { get; init; }

    /// <summary>Whether silos whose pod is gone are declared dead at once.</summary>
    public bool WatchPods { get; init; }
}

/// <summary>Mutual TLS on silo and gateway ports: PEM files by absolute path, read again when they change.</summary>
/// <param name="Certificate">The certificate of this process, with what completes its chain.</param>
/// <param name="Key">Its key.</param>
/// <param name="Ca">The private authority that every member's certificate must come from.</param>
public sealed record ClusterTlsConfiguration(string Certificate, string Key, string Ca);
