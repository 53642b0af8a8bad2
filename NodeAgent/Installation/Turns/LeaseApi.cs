using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// The leases of a namespace at the API server, and the size of its DaemonSet, as the pod's service account may use them.
/// </summary>
internal sealed class LeaseApi(HttpMessageInvoker client, Uri server, string space, Func<string> token, TimeProvider time)
{
    /// <summary>How long the API server has for an answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The largest answer that is read; bytes.</summary>
    public const int MostBytes = 256 * 1024;

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
        var (status, set) = await Call(HttpMethod.Get, $"/apis/apps/v1/namespaces/{space}/daemonsets/{daemonSet}", null, cancellation);
        return status == HttpStatusCode.OK
            ? set?["status"]?["desiredNumberScheduled"]?.GetValue<int>() ?? 0
            : throw Refused(status, "the DaemonSet", "read", daemonSet);
    }

    private Task<(HttpStatusCode Status, JsonObject? Lease)> Send(
        HttpMethod method, string path, JsonObject? body, CancellationToken cancellation) =>
        Call(method, $"/apis/coordination.k8s.io/v1/namespaces/{space}/leases{path}", body, cancellation);

    private async Task<(HttpStatusCode Status, JsonObject? Answer)> Call(
        HttpMethod method, string path, JsonObject? body, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        using var request = new HttpRequestMessage(method, new Uri(server, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token());
        request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        try
        {
            using var answer = await client.SendAsync(request, limit.Token);
            await answer.Content.LoadIntoBufferAsync(MostBytes, limit.Token);
            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            return (answer.StatusCode, answer.IsSuccessStatusCode ? JsonNode.Parse(text)?.AsObject() : null);
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or InvalidOperationException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new IOException($"the API server {server} does not answer: {fault.Message}", fault);
        }
    }

    private static IOException Refused(HttpStatusCode status, string kind, string what, string name) =>
        new($"{kind} {name} cannot be {what}: the API server says {(int)status} {status}; see deploy/nodeagent/base/turns.yaml");
}
