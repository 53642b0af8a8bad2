using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.ApiServer;

/// <summary>Requests to the API server of a Kubernetes cluster, as a service account may make them.</summary>
/// <param name="client">The connection.</param>
/// <param name="server">Its address.</param>
/// <param name="token">The token of the account, read anew for each request since kubelet renews it.</param>
/// <param name="time">The time.</param>
internal sealed class KubernetesApi(HttpMessageInvoker client, Uri server, Func<string> token, TimeProvider time)
{
    /// <summary>How long the API server has for an answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>The largest answer that is read, in bytes; more than the largest Secret, of 1 MiB in base64.</summary>
    public const int MaxAnswer = 2 * 1024 * 1024;

    private const string Account = "/var/run/secrets/kubernetes.io/serviceaccount";

    public Uri Server => server;

    /// <summary>That of the cluster in which this pod runs; <c>null</c> outside of one.</summary>
    public static KubernetesApi? OfPod(TimeProvider time)
    {
        var (host, port) = (
            Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"), Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"));
        return string.IsNullOrEmpty(host) || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? null
            : At(new UriBuilder(Uri.UriSchemeHttps, host, number).Uri, $"{Account}/ca.crt", $"{Account}/token", time);
    }

    /// <summary>One at an address; an authority that cannot be read is said by each request.</summary>
    public static KubernetesApi At(Uri server, string? caFile, string? tokenFile, TimeProvider time) => new(
        new HttpMessageInvoker(RegistryTransport.Create(caFile)), server,
        () => BoundedFile.ReadText(tokenFile ?? $"{Account}/token").Trim(), time);

    /// <summary>Sends a request. What is no success is answered with a <c>Status</c> that says why, or by <c>null</c>.</summary>
    /// <exception cref="IOException">It does not answer, or not as one does.</exception>
    public async Task<(HttpStatusCode Status, JsonObject? Answer)> Call(
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
            var text = await answer.Content.ReadText(MaxAnswer, limit.Token);
            return (answer.StatusCode, answer.IsSuccessStatusCode ? JsonNode.Parse(text)?.AsObject() : StatusOf(text));
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or InvalidOperationException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new IOException($"the API server {server} does not answer: {fault.Message}", fault);
        }
    }

    /// <summary>What an API server says of a failure; <c>null</c> from what stands before it, and says something else.</summary>
    private static JsonObject? StatusOf(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
