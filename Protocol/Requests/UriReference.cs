using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Protocol;

/// <summary>Where a server leads by a URI reference in a header (RFC 3986 §4.1): <c>Location</c>, or the target of a <c>Link</c>.</summary>
public sealed record UriReference
{
    private static readonly SearchValues<char> Authority =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:[]");

    /// <summary>The longest name of a host (RFC 1035 §2.3.4, without the root's dot).</summary>
    private const int MaxHost = 253;

    private readonly string _pathAndQuery;

    private UriReference(HttpOrigin origin, string pathAndQuery) => (Origin, _pathAndQuery) = (origin, pathAndQuery);

    public HttpOrigin Origin { get; }

    /// <summary>The whole address, which a redirect may follow.</summary>
    public Uri Address => Origin.At(_pathAndQuery);

    /// <summary>The part behind the question mark; empty when there is none.</summary>
    public string Query => new RawTarget(_pathAndQuery).Query.ToString();

    /// <summary>The path and query, for an address on an origin that is known already; <c>null</c> when it might name another.</summary>
    public OriginForm? Target => OriginForm.TryParse(_pathAndQuery, out var target) ? target : null;

    /// <summary>
    /// Reads a reference that came in answer to <paramref name="from"/>. <c>false</c> for any other scheme than http and https, user info,
    /// a host that is not written in ASCII or longer than DNS has it, and what <see cref="OriginForm"/> refuses; a fragment is dropped, and
    /// dot segments are resolved (§5.2.4) unless their dots are encoded.
    /// </summary>
    public static bool TryResolve(string text, Uri from, [NotNullWhen(true)] out UriReference? reference)
    {
        reference = null;
        var fragment = text.IndexOf('#');
        text = fragment < 0 ? text : text[..fragment];
        if (text.Length is 0 or > OriginForm.MaxLength || !TrySplit(text, from, out var origin, out var pathAndQuery)
            || !OriginForm.TryClean(WithoutDotSegments(pathAndQuery), out var clean))
        {
            return false;
        }

        reference = new UriReference(origin, clean);
        return true;
    }

    private static bool TrySplit(string text, Uri from, [NotNullWhen(true)] out HttpOrigin? origin, out string pathAndQuery)
    {
        pathAndQuery = "";
        var scheme = SchemeOf(text);
        if (scheme is null && !text.StartsWith("//", StringComparison.Ordinal))
        {
            pathAndQuery = text[0] == '/' ? text
                : text[0] == '?' ? from.AbsolutePath + text : from.AbsolutePath[..(from.AbsolutePath.LastIndexOf('/') + 1)] + text;
            return HttpOrigin.TryGet(from, out origin) && !text.AsSpan(0, EndOfFirstSegment(text)).Contains(':');
        }

        var rest = text.AsSpan((scheme?.Length + 1 ?? 0) + 2);
        var end = rest.IndexOfAny('/', '?') is var slash && slash < 0 ? rest.Length : slash;
        pathAndQuery = rest[end..] is ['/', ..] ? rest[end..].ToString() : $"/{rest[end..]}";
        origin = null;
        return !rest[..end].ContainsAnyExcept(Authority)
            && Uri.TryCreate($"{scheme ?? from.Scheme}://{rest[..end]}/", UriKind.Absolute, out var host)
            && HttpOrigin.TryGet(host, out origin) && origin.Host.Length <= MaxHost;
    }

    private static string WithoutDotSegments(string pathAndQuery)
    {
        var query = pathAndQuery.IndexOf('?');
        var path = query < 0 ? pathAndQuery : pathAndQuery[..query];
        if (!path.Contains("/.", StringComparison.Ordinal))
        {
            return pathAndQuery;
        }

        List<string> kept = [];
        var segments = path[1..].Split('/');
        foreach (var segment in segments)
        {
            if (segment is not ("." or ".."))
            {
                kept.Add(segment);
            }
            else if (segment == ".." && kept.Count > 0)
            {
                kept.RemoveAt(kept.Count - 1);
            }
        }

        var isFolder = segments[^1] is "." or ".." && kept.Count > 0;
        return $"/{string.Join('/', kept)}{(isFolder ? "/" : "")}{(query < 0 ? "" : pathAndQuery[query..])}";
    }

    private static string? SchemeOf(string text) =>
        text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? "https"
            : text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? "http" : null;

    private static int EndOfFirstSegment(string text) => text.AsSpan().IndexOfAny('/', '?') is var end && end < 0 ? text.Length : end;
}
