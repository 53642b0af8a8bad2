using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>
/// One resource for each cluster: rows, their heartbeats and the version of the table in one document, so that one patch changes a row and
/// the version together.
/// </summary>
internal sealed class ClusterResource : IKubernetesObject<V1ObjectMeta>
{
    public const string Group = "registryproxy.dev";
    public const string Version = "v1alpha1";
    public const string Plural = "orleansclusters";

    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = $"{Group}/{Version}";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "OrleansCluster";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public ClusterSpec Spec { get; set; } = new();
}

internal sealed class ClusterSpec
{
    [JsonPropertyName("serviceId")]
    public string ServiceId { get; set; } = "";

    [JsonPropertyName("clusterId")]
    public string ClusterId { get; set; } = "";

    /// <summary>The Orleans version and ETag of the table. Heartbeats move <c>resourceVersion</c>, never this.</summary>
    [JsonPropertyName("version")]
    public int Version { get; set; }

    [JsonPropertyName("members")]
    public SortedDictionary<string, MemberRow> Members { get; set; } = new(StringComparer.Ordinal);

    /// <summary>When each member was alive, RFC 3339.</summary>
    [JsonPropertyName("heartbeats")]
    public SortedDictionary<string, string> Heartbeats { get; set; } = new(StringComparer.Ordinal);
}

internal sealed class MemberRow
{
    [JsonPropertyName("status")]
    public string Status { get; set; } = "";

    [JsonPropertyName("siloName")]
    public string SiloName { get; set; } = "";

    [JsonPropertyName("hostName")]
    public string HostName { get; set; } = "";

    [JsonPropertyName("roleName")]
    public string RoleName { get; set; } = "";

    [JsonPropertyName("proxyPort")]
    public int ProxyPort { get; set; }

    [JsonPropertyName("updateZone")]
    public int UpdateZone { get; set; }

    [JsonPropertyName("faultZone")]
    public int FaultZone { get; set; }

    [JsonPropertyName("startTime")]
    public string StartTime { get; set; } = "";

    [JsonPropertyName("suspects")]
    public List<SuspectVote> Suspects { get; set; } = [];
}

internal sealed class SuspectVote
{
    [JsonPropertyName("silo")]
    public string Silo { get; set; } = "";

    [JsonPropertyName("time")]
    public string Time { get; set; } = "";
}
