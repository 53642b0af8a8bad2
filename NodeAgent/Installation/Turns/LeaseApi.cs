using System.Net;
using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.ApiServer;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// The leases of a namespace at the API server, and the size of its DaemonSet, as the pod's service account may use them.
/// </summary>
internal sealed class LeaseApi(KubernetesApi api, string space)
{
    /// <summary>A lease; <c>null</c> when there is none.</summary>
    public async Task<JsonObject?> Read(string name, CancellationToken cancellation)
    {
        var (status, lease) = await Send(HttpMethod.Get, $"/{name}", null, cancellation);
        return status switch
        {
            HttpStatusCode.OK => lease,
            HttpStatusCode.NotFound => null,
            _ => throw Refused(status, "the lease", "read", name),
        };
    }

    /// <summary>Writes a lease; no when somebody else was quicker.</summary>
    public async Task<bool> Write(string name, JsonObject lease, bool isNew, CancellationToken cancellation)
    {
        var (status, _) = await Send(isNew ? HttpMethod.Post : HttpMethod.Put, isNew ? "" : $"/{name}", lease, cancellation);
        return status switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created => true,
            HttpStatusCode.Conflict => false,
            _ => throw Refused(status, "the lease", "written", name),
        };
    }

    /// <summary>How many nodes a DaemonSet is for.</summary>
    public async Task<int> CountNodes(string daemonSet, CancellationToken cancellation)
    {
        var (status, set) = await api.Call(HttpMethod.Get, $"/apis/apps/v1/namespaces/{space}/daemonsets/{daemonSet}", null, cancellation);
        return status == HttpStatusCode.OK
            ? set?["status"]?["desiredNumberScheduled"]?.GetValue<int>() ?? 0
            : throw Refused(status, "the DaemonSet", "read", daemonSet);
    }

    private Task<(HttpStatusCode Status, JsonObject? Lease)> Send(
        HttpMethod method, string path, JsonObject? body, CancellationToken cancellation) =>
        api.Call(method, $"/apis/coordination.k8s.io/v1/namespaces/{space}/leases{path}", body, cancellation);

    private static IOException Refused(HttpStatusCode status, string kind, string what, string name) =>
        new($"{kind} {name} cannot be {what}: the API server says {(int)status} {status}; see deploy/nodeagent/base/turns.yaml");
}
