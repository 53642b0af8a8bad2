using System.Net.Http.Headers;
using RegistryProxy.Gateway.Network;

namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>
/// The headers of an upstream that a client gets to see. <c>WWW-Authenticate</c>, <c>Set-Cookie</c>, <c>Location</c> and <c>Link</c> are
/// never among them: the last two are rebuilt. A value that no header of ours can carry is left out: nothing that an upstream writes into a
/// header makes its answer a failure.
/// </summary>
internal static class ResponseHeaders
{
    private static readonly string[] General =
    [
        "Accept-Ranges", "ETag", "Last-Modified", "OCI-Filters-Applied", "OCI-Subject", "OCI-Tag", "OCI-Chunk-Min-Length", "Warning",
        "RateLimit-Limit", "RateLimit-Remaining",
    ];

    private static readonly string[] Content = ["Content-Type", "Content-Range", "Last-Modified"];

    /// <summary>The longest text of warnings that is passed on with a listing, in characters: what the specification allows.</summary>
    public const int MaxWarning = 4096;

    /// <summary>What an upstream warns of with an answer that is written anew; <c>null</c> for nothing.</summary>
    public static string? WarningOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Warning", out var values) && values.ToString() is { Length: <= MaxWarning } value
            && HeaderText.IsClean(value) ? value : null;

    /// <summary>Copies the headers of a successful answer with its body.</summary>
    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        Copy(from.Headers.NonValidated, to, General);
        Copy(from.Content.Headers.NonValidated, to, Content);
        to.ContentLength = from.Content.Headers.ContentLength;
    }

    /// <summary>
    /// Copies the headers of a write that succeeded, under the status that the specification has for it: clients take no other, and
    /// registries differ. Its body says nothing, and one that breaks off must not make it look failed.
    /// </summary>
    public static void CopyWritten(HttpResponseMessage from, HttpResponse to, int status)
    {
        Copy(from.Headers.NonValidated, to, General);
        to.StatusCode = status;
        to.ContentLength = status == StatusCodes.Status204NoContent ? null : 0;
    }

    /// <summary>Whether the body is encoded, although <c>identity</c> was asked for.</summary>
    public static bool IsEncoded(HttpResponseMessage response) =>
        response.Content.Headers.ContentEncoding is { Count: > 0 } encodings
        && !encodings.All(encoding => encoding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    private static void Copy(HttpHeadersNonValidated from, HttpResponse to, string[] names)
    {
        foreach (var name in names)
        {
            if (from.TryGetValues(name, out var values) && values.ToString() is var value && HeaderText.IsClean(value))
            {
                to.Headers[name] = value;
            }
        }
    }
}
