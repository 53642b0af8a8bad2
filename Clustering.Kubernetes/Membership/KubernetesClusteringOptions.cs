namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>Where the custom resource of the cluster is. Everything that is <c>null</c> is as inside of a pod.</summary>
public sealed class KubernetesClusteringOptions
{
    /// <summary>Default: <c>POD_NAMESPACE</c>, else that of the service account.</summary>
    public string? Namespace { get; set; }

    /// <summary>The API server, outside of a pod; <c>null</c> for the one of the pod, or of <c>KUBECONFIG</c>.</summary>
    public Uri? Server { get; set; }

    /// <summary>A file with a bearer token for <see cref="Server"/>; read again when it changes.</summary>
    public string? TokenFile { get; set; }

    /// <summary>The certificate authority of <see cref="Server"/>, in PEM.</summary>
    public string? CaFile { get; set; }

    /// <summary>How long a request may take. Default 3 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Whether active silos without a pod of their address are declared dead. Default off; needs the right to list pods.</summary>
    public bool WatchPods { get; set; }
}
