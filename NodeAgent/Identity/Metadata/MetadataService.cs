using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity.Metadata;

/// <summary>
/// The metadata service of a cloud: link-local, plain http, never through a proxy, never redirected. It answers in milliseconds or, on a
/// busy machine or when many ask at once, late or with a passing refusal: then it is asked once more.
/// </summary>
internal sealed class MetadataService(string cloud, Uri origin) : IDisposable
{
    private const int MaxReply = 64 * 1024;

    private readonly string _authority = HttpOrigin.Of(origin).Authority;

    private readonly HttpClient _http = WholeAnswers.Client(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null },
        MaxReply, TimeSpan.FromSeconds(4));

    /// <summary>Asks for one path with the headers that the service insists on; returns the body.</summary>
    public async Task<Outcome<string>> Request(
        HttpMethod method, string target, CancellationToken cancellation, params (string Name, string Value)[] headers)
    {
        if (!OriginForm.TryParse(target, out var path))
        {
            return RegistryFailure.NoProof($"the metadata service of {cloud} at {_authority} returned an invalid path");
        }

        var asked = () => Ask(method, target, path, headers, cancellation);
        var first = await asked();
        return first.Succeeded(out _, out var failure) || failure.Kind != FailureKind.Unavailable ? first : await asked();
    }

    public void Dispose() => _http.Dispose();

    private async Task<Outcome<string>> Ask(
        HttpMethod method, string target, OriginForm path, (string Name, string Value)[] headers, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, HttpOrigin.Of(origin).At(path));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellation);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadText(MaxReply, cancellation)
                : Refusal(
                    (int)response.StatusCode,
                    $"the metadata service of {cloud} at {_authority} answers {(int)response.StatusCode} to {target.Split('?')[0]}");
        }
        catch (Exception fault) when (
            fault is HttpRequestException or IOException || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return RegistryFailure.Unavailable(
                $"the metadata service of {cloud} at {_authority} does not answer "
                    + $"({fault.InnerException?.Message ?? fault.Message}): is this a machine of {cloud}? In a pod it needs hostNetwork");
        }
    }

    private static RegistryFailure Refusal(int status, string message) => status is 429 or >= 500
        ? RegistryFailure.Unavailable(message) : RegistryFailure.NoProof(message);
}
