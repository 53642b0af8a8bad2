using System.Net.Security;
using System.Text.Json;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>
/// Asks kubelet itself for its configuration. Most kubelets ask back who wants to know; then its files and its command line count.
/// </summary>
internal static class KubeletConfigz
{
    public static readonly Uri Address = new("https://127.0.0.1:10250/configz");

    /// <summary>How long kubelet has for its answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The largest answer that is read; bytes.</summary>
    public const int MostBytes = 1024 * 1024;

    /// <summary>The image service that it says; <c>null</c> when it does not say.</summary>
    public static async Task<string?> ImageService(Uri address, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false,
            // Nothing is sent that could be stolen, and the certificate of a kubelet is often one that it made itself.
            SslOptions = new SslClientAuthenticationOptions
                { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
        };
        using var client = new HttpMessageInvoker(handler);
        try
        {
            using var answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, address), limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using var json = JsonDocument.Parse(await answer.Content.ReadBytes(MostBytes, limit.Token));
            return json.RootElement.TryGetProperty("kubeletconfig", out var config)
                && config.TryGetProperty("imageServiceEndpoint", out var endpoint)
                && endpoint.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (Exception fault) when (
            fault is HttpRequestException or OperationCanceledException or JsonException or IOException or InvalidOperationException)
        {
            return null;
        }
    }
}
