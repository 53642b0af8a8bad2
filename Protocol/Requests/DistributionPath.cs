namespace RegistryProxy.Protocol;

/// <summary>
/// A request target of the distribution API as one value. Parsed from the raw target by a strict grammar: no <c>%</c> but for the colon of
/// a digest, no empty or dot components, ASCII only; the endpoint is recognised from the right, so that a repository may be called
/// <c>a/blobs</c>.
/// </summary>
public sealed record DistributionPath
{
    private DistributionPath(DistributionEndpoint endpoint) => Endpoint = endpoint;

    public DistributionEndpoint Endpoint { get; }

    /// <summary>
    /// The repository; <c>null</c> for <see cref="DistributionEndpoint.Base"/> and <see cref="DistributionEndpoint.Catalog"/>.
    /// </summary>
    public RepositoryName? Repository { get; private set; }

    /// <summary>Set for <see cref="DistributionEndpoint.Manifest"/>.</summary>
    public ManifestReference? Reference { get; private set; }

    /// <summary>Set for <see cref="DistributionEndpoint.Blob"/> and <see cref="DistributionEndpoint.Referrers"/>.</summary>
    public Digest? Digest { get; private set; }

    /// <summary>Set for <see cref="DistributionEndpoint.Upload"/>.</summary>
    public string? UploadId { get; private set; }

    public QueryParameters Query { get; private set; } = QueryParameters.Empty;

    /// <summary>Parses a raw request target. On failure <paramref name="error"/> says what to answer.</summary>
    public static bool TryParse(string rawTarget, out DistributionPath path, out DistributionError error)
    {
        path = null!;
        error = null!;
        var target = new RawTarget(rawTarget);
        var plain = WithColon(target.Path);
        if (!plain.StartsWith("/v2/") || plain.ContainsAny('%', '\\') || rawTarget.Contains('#'))
        {
            error = DistributionError.NameInvalid("the path is not part of the distribution API, which has no percent-encoding");
            return false;
        }

        if (!QueryParameters.TryParse(target.Query, out var query))
        {
            error = DistributionError.Unsupported("the query has an invalid escape sequence", 400);
            return false;
        }

        if (!TryParseEndpoint(plain[4..], out path, out error))
        {
            return false;
        }

        path.Query = query;
        return true;
    }

    /// <summary>
    /// The same path with the colon of a digest at its end as it is: some clients encode it, and distribution reads it.
    /// </summary>
    private static ReadOnlySpan<char> WithColon(ReadOnlySpan<char> path)
    {
        var percent = path.LastIndexOf('%');
        if (percent < 0 || path.Length < percent + 3 || path[percent + 1] != '3' || path[percent + 2] is not ('A' or 'a'))
        {
            return path;
        }

        var colon = string.Concat(path[..percent], ":", path[(percent + 3)..]);
        return Protocol.Digest.TryParse(colon.AsSpan(colon.LastIndexOf('/') + 1), out _) ? colon : path;
    }

    private static bool TryParseEndpoint(ReadOnlySpan<char> path, out DistributionPath parsed, out DistributionError error)
    {
        parsed = null!;
        error = null!;
        if (path.IsEmpty || path is "_catalog")
        {
            parsed = new DistributionPath(path.IsEmpty ? DistributionEndpoint.Base : DistributionEndpoint.Catalog);
            return true;
        }

        if (path.EndsWith("/blobs/uploads/"))
        {
            path = path[..^1];
        }

        var name = SplitLast(SplitLast(path, out var last), out var verb);
        var shape = ShapeOf(name, verb, last);
        if (shape == DistributionEndpoint.Base)
        {
            error = DistributionError.NotFound("no such endpoint of the distribution API");
            return false;
        }

        if (!RepositoryName.TryParse(shape == DistributionEndpoint.Upload ? name[..^6] : name, out var repository))
        {
            error = DistributionError.NameInvalid("the repository name does not match the grammar of the distribution specification");
            return false;
        }

        return TryComplete(new DistributionPath(shape) { Repository = repository }, last, out parsed, out error);
    }

    private static DistributionEndpoint ShapeOf(ReadOnlySpan<char> name, ReadOnlySpan<char> verb, ReadOnlySpan<char> last) => verb switch
    {
        "tags" when last is "list" => DistributionEndpoint.Tags,
        "manifests" => DistributionEndpoint.Manifest,
        "blobs" => last is "uploads" ? DistributionEndpoint.Uploads : DistributionEndpoint.Blob,
        "referrers" => DistributionEndpoint.Referrers,
        "uploads" when name.EndsWith("/blobs") => DistributionEndpoint.Upload,
        _ => DistributionEndpoint.Base,
    };

    private static bool TryComplete(
        DistributionPath path, ReadOnlySpan<char> last, out DistributionPath parsed, out DistributionError error)
    {
        parsed = path;
        error = null!;
        switch (path.Endpoint)
        {
            case DistributionEndpoint.Manifest when ManifestReference.TryParse(last, out var reference):
                path.Reference = reference;
                return true;
            case DistributionEndpoint.Manifest:
                error = last.Contains(':') ? DistributionError.DigestInvalid() : DistributionError.ManifestInvalid("the tag is not valid");
                return false;
            case DistributionEndpoint.Blob or DistributionEndpoint.Referrers when Protocol.Digest.TryParse(last, out var digest):
                path.Digest = digest;
                return true;
            case DistributionEndpoint.Blob or DistributionEndpoint.Referrers:
                error = DistributionError.DigestInvalid();
                return false;
            case DistributionEndpoint.Upload:
                path.UploadId = last.ToString();
                error = DistributionError.UploadUnknown();
                return IsUploadId(last);
            default:
                return true;
        }
    }

    /// <summary>The longest id of an upload, in characters: with the rest of its address it is one that gateways take.</summary>
    private const int MaxUploadId = 7680;

    private static bool IsUploadId(ReadOnlySpan<char> id) =>
        id.Length is > 0 and <= MaxUploadId
        && !id.ContainsAnyExcept(Alphabets.Base64Url);

    /// <summary>What is before the last slash, and what is behind it.</summary>
    private static ReadOnlySpan<char> SplitLast(ReadOnlySpan<char> path, out ReadOnlySpan<char> last)
    {
        var slash = path.LastIndexOf('/');
        last = path[(slash + 1)..];
        return slash < 0 ? [] : path[..slash];
    }
}
