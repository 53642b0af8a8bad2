using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// The distribution error in the body of an upstream's 4xx: its words are kept, and its code when it is one of the specification's.
/// </summary>
internal static class UpstreamErrorBody
{
    /// <summary>The most that is read of an error body, in bytes.</summary>
    private const int MaxBytes = 16 * 1024;

    private const int MaxMessage = 300;

    /// <summary>The longest that reading one may take: the error is told without its words then.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private static readonly string[] Known =
    [
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS",
    ];

    private static readonly string[] Absences = ["BLOB_UNKNOWN", "BLOB_UPLOAD_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN",
        "NAME_UNKNOWN"];

    /// <summary>What it is that a 404 says is not there; <c>null</c> when it does not say.</summary>
    public static async ValueTask<string?> AbsenceOf(HttpResponseMessage response, TimeProvider time, CancellationToken cancellation) =>
        response.RequestMessage!.Method != HttpMethod.Head && await ReadError(response, time, cancellation) is (var code, _)
            && Absences.Contains(code) ? code : null;

    /// <summary>What it says in a word of its own, whatever its code, with a colon before it; empty when it says nothing.</summary>
    public static async ValueTask<string> WordsOf(HttpResponseMessage response, TimeProvider time, CancellationToken cancellation) =>
        response.RequestMessage!.Method != HttpMethod.Head
            && await ReadError(response, time, cancellation) is (_, { Length: > 0 } message) ? $": {message}" : "";

    public static async ValueTask<DistributionError> Read(
        HttpResponseMessage response, string upstream, TimeProvider time, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        return await ReadError(response, time, cancellation) switch
        {
            ({ } code, var message) when Known.Contains(code) => new DistributionError(code, status, $"upstream '{upstream}': {message}"),
            (_, { Length: > 0 } message) => DistributionError.Unsupported($"upstream '{upstream}' answered {status}: {message}", status),
            _ => DistributionError.Unsupported($"upstream '{upstream}' answered {status}", status),
        };
    }

    /// <summary>Its code and its message, either where it has one; <c>null</c> for anything else, which is not for our clients.</summary>
    private static async ValueTask<(string? Code, string Message)?> ReadError(
        HttpResponseMessage response, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(MaxTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var body = await BoundedBody.Read(response, MaxBytes, either.Token);
            using var document = JsonDocument.Parse(EncodedBody.WithoutMark(body));
            var error = document.RootElement.GetProperty("errors")[0];
            return (TextOf(error, "code"), HeaderText.Shorten(TextOf(error, "message") ?? "", MaxMessage));
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException
            or IndexOutOfRangeException
            or BodyTooLargeException or HttpRequestException or IOException
            || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string? TextOf(JsonElement error, string name) =>
        error.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
