namespace RegistryProxy.Gateway.Upstreams;

/// <summary>The headers of a client that an upstream gets to see; every other one stays here.</summary>
internal static class RequestHeaders
{
    private const string UserAgent = "registryproxy";

    private static readonly string[] Download = ["Accept", "If-None-Match", "If-Range", "If-Modified-Since"];
    private static readonly string[] FollowRedirect = ["Accept", "Accept-Encoding", "Range", "If-None-Match", "If-Range", "If-Modified-Since", "User-Agent"];

    public static bool MayFollowRedirect(string name) => FollowRedirect.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Copies what a GET or HEAD may carry. Several ranges at once are answered whole, so they are not passed on.</summary>
    public static void CopyDownload(HttpRequest from, HttpRequestMessage to)
    {
        foreach (var name in Download)
        {
            Copy(from, to, name);
        }

        if (from.Headers.Range is { Count: 1 } range && !range.ToString().Contains(','))
        {
            to.Headers.TryAddWithoutValidation("Range", range.ToString());
        }

        AddCommon(to);
    }

    /// <summary>Copies what an upload may carry; its content headers travel with the content.</summary>
    public static void CopyUpload(HttpRequest from, HttpRequestMessage to)
    {
        Copy(from, to, "Accept");
        AddCommon(to);
    }

    /// <summary>What every request of ours carries. Bodies must come as they are stored: a decoded one breaks its digest.</summary>
    public static void AddCommon(HttpRequestMessage to)
    {
        to.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        to.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
    }

    private static void Copy(HttpRequest from, HttpRequestMessage to, string name)
    {
        if (from.Headers.TryGetValue(name, out var values) && values.Count > 0)
        {
            to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }
}
