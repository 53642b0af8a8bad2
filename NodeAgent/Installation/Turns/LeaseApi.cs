using System.Net;
using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.ApiServer;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// The leases of a namespace at the API server, and the size of its DaemonSet, as the pod's service account may use them.
/// </summary>
internal sealed class LeaseApi(KubernetesApi api, string space)
{
    /// <summary>How many leases come at a time: each takes about a thousand bytes.</summary>
    private const int PageSize = 500;

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

    /// <summary>The leases of the namespace by their names: one question, however many there are.</summary>
    public async Task<Dictionary<string, JsonObject>> List(CancellationToken cancellation)
    {
        Dictionary<string, JsonObject> found = [];
        for (string? rest = ""; rest is not null;)
        {
            var (status, page) = await Send(HttpMethod.Get, $"?limit={PageSize}{rest}", null, cancellation);
            if (status != HttpStatusCode.OK)
            {
                throw Refused(status, "the leases", "listed", $"of {space}");
            }

            foreach (var lease in page?["items"]?.AsArray().OfType<JsonObject>() ?? [])
            {
                if (lease["metadata"]?["name"]?.GetValue<string>() is { } name)
                {
                    // Items of a list do not say what they are, and what is written must.
                    (lease["apiVersion"], lease["kind"]) = ("coordination.k8s.io/v1", "Lease");
                    found[name] = lease.DeepClone().AsObject();
                }
            }

            rest = page?["metadata"]?["continue"]?.GetValue<string>() is { Length: > 0 } next
                ? $"&continue={Uri.EscapeDataString(next)}" : null;
        }

        return found;
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

    private static IOException Refused(HttpStatusCode status, string kind, string what, string name)
    {
        var words = $"{kind} {name} cannot be {what}: the API server says {(int)status} {status}";
        return IsForGood(status) ? new DeniedException($"{words}; see deploy/nodeagent/base/turns.yaml") : new IOException(words);
    }

    /// <summary>What is too much for the API server now, and what it will never answer, are two things.</summary>
    private static bool IsForGood(HttpStatusCode status) => status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
        and not (HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or HttpStatusCode.Gone or HttpStatusCode.TooManyRequests);
}

/// <summary>The API server does not permit it, or knows nothing of it: asking again is of no use before somebody changes that.</summary>
internal sealed class DeniedException(string message) : IOException(message);
