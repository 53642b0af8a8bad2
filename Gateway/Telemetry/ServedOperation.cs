namespace RegistryProxy.Gateway.Telemetry;

/// <summary>
/// What a request is for, as metrics and traces name it; told from its line alone, since some are answered before they are read.
/// </summary>
/// <param name="Resource">What it is about.</param>
/// <param name="Name">What is done with it.</param>
internal sealed record ServedOperation(string Resource, string Name)
{
    private static readonly ServedOperation Base = new("base", "other");
    private static readonly ServedOperation Other = new("other", "other");
    private static readonly ServedOperation Login = new("login", "other");
    private static readonly ServedOperation Token = new("token", "token");
    private static readonly ServedOperation Catalog = new("catalog", "list");
    private static readonly ServedOperation Tags = new("tags", "list");
    private static readonly ServedOperation Referrers = new("referrers", "list");
    private static readonly ServedOperation Upload = new("upload", "push");
    private static readonly ServedOperation EndOfUpload = new("upload", "delete");
    private static readonly ServedOperation[] OfManifests = OfContent("manifest");
    private static readonly ServedOperation[] OfBlobs = OfContent("blob");

    /// <summary>The operation of a request on a host of a tenant.</summary>
    public static ServedOperation Of(string method, ReadOnlySpan<char> path)
    {
        // What the page for people asks is the same operation.
        path = path.StartsWith("/page/v2/", StringComparison.Ordinal) ? path["/page".Length..] : path;
        if (!path.StartsWith("/v2/", StringComparison.Ordinal))
        {
            return path is "/token" || path.StartsWith("/token/", StringComparison.Ordinal) ? Token
                : path is "/login" || path.StartsWith("/login/", StringComparison.Ordinal) ? Login : Other;
        }

        var rest = path[4..];
        var end = rest.LastIndexOf('/');
        return rest switch
        {
            "" => Base,
            "_catalog" => Catalog,
            _ when end < 0 => Other,
            _ => OfEndpoint(method, rest[..end]),
        };
    }

    /// <summary>By what stands before the last slash.</summary>
    private static ServedOperation OfEndpoint(string method, ReadOnlySpan<char> path) => path[(path.LastIndexOf('/') + 1)..] switch
    {
        "manifests" => OfManifests[Index(method)],
        "blobs" => OfBlobs[Index(method)],
        "uploads" => HttpMethods.IsDelete(method) ? EndOfUpload : Upload,
        "tags" => Tags,
        "referrers" => Referrers,
        _ => Other,
    };

    private static ServedOperation[] OfContent(string resource) =>
        [new(resource, "pull"), new(resource, "push"), new(resource, "delete")];

    private static int Index(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? 0
        : HttpMethods.IsDelete(method) ? 2 : 1;
}
