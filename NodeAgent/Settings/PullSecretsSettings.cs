namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Secrets of type <c>kubernetes.io/dockerconfigjson</c> that are kept fresh.</summary>
/// <param name="Server">The API server; <c>null</c> for that of the cluster in which this pod runs.</param>
/// <param name="CaFile">The authority of <paramref name="Server"/>; <c>null</c> for those of the system.</param>
/// <param name="TokenFile">The token for <paramref name="Server"/>; <c>null</c> for that of the pod.</param>
/// <param name="Secrets">The Secrets.</param>
internal sealed record PullSecretsSettings(Uri? Server, string? CaFile, string? TokenFile, IReadOnlyList<PullSecretSettings> Secrets);

/// <summary>One Secret.</summary>
/// <param name="FrontDoor">The front door that it opens.</param>
/// <param name="Workloads">How service accounts prove themselves there.</param>
/// <param name="Namespace">Where it is.</param>
/// <param name="Name">What it is called.</param>
/// <param name="ServiceAccount">Whose token it is made from, of the same namespace.</param>
internal sealed record PullSecretSettings(
    RegistrySettings FrontDoor, WorkloadSettings Workloads, string Namespace, string Name, string ServiceAccount);
