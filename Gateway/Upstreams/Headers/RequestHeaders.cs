using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>
/// The headers of a client that an upstream gets to see; every other one stays here, and so does a value that no header can carry: what a
/// client sends must never be the reason that an upstream is not asked. <see cref="RequestBounds"/> refused such an <c>Accept</c> before.
/// </summary>
internal static class RequestHeaders
{
    private const string UserAgent = "registryproxy";

    private static readonly string[] Validators = ["If-None-Match", "If-Modified-Since"];
    private static readonly string[] FollowRedirect = ["Accept", "Accept-Encoding", "Range", "If-None-Match", "If-Range",
        "If-Modified-Since", "User-Agent"];

    public static bool MayFollowRedirect(string name) => FollowRedirect.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Copies what a GET or HEAD of a manifest or a listing may carry.</summary>
    public static void CopyQuestion(HttpRequest from, HttpRequestMessage to)
    {
        Copy(from, to, "Accept");
        foreach (var name in Validators)
        {
            Copy(from, to, name);
        }

        AddCommon(to);
    }

    /// <summary>
    /// Copies what a GET or HEAD of a blob may carry. Several ranges at once are answered whole, and one that cannot be read is ignored
    /// (RFC 9110 §14.2), so they are not passed on; nor is a range of no bytes, which servers answer differently, or one whose condition is
    /// not true. That is judged here: clients know our tag and no upstream's.
    /// </summary>
    public static void CopyDownload(HttpRequest from, HttpRequestMessage to, string etag)
    {
        CopyQuestion(from, to);
        if (ByteRange.IsOfSome(from, etag))
        {
            Copy(from, to, "Range");
        }
    }

    /// <summary>Copies what an upload may carry; its content headers travel with the content.</summary>
    public static void CopyUpload(HttpRequest from, HttpRequestMessage to)
    {
        Copy(from, to, "Accept");
        AddCommon(to);
    }

    /// <summary>The same with what a manifest that is there must be, or that there be none (RFC 9110 §13.1).</summary>
    public static void CopyConditions(HttpRequest from, HttpRequestMessage to)
    {
        CopyUpload(from, to);
        Copy(from, to, "If-Match");
        Copy(from, to, "If-None-Match");
    }

    /// <summary>Takes the conditions out of a request whose answer must be the content.</summary>
    public static void RemoveConditions(HttpRequestMessage from)
    {
        foreach (var name in Validators)
        {
            from.Headers.Remove(name);
        }

        from.Headers.Remove("If-Range");
    }

    /// <summary>What every request of ours carries. Bodies must come as they are stored: a decoded one breaks its digest.</summary>
    public static void AddCommon(HttpRequestMessage to)
    {
        to.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        to.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
    }

    private static void Copy(HttpRequest from, HttpRequestMessage to, string name)
    {
        if (from.Headers.TryGetValue(name, out var values) && values.Count > 0 && HeaderText.AreClean(values))
        {
            to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }
}
