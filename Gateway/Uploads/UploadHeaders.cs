using System.Globalization;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>The headers of uploads, both ways: <c>Location</c>, <c>Range</c>, <c>Content-Range</c>, <c>Docker-Upload-UUID</c>.</summary>
internal static class UploadHeaders
{
    private const string UuidHeader = "Docker-Upload-UUID";

    /// <summary>Path and query of the upload at the upstream; <c>null</c> when it is missing or on another origin.</summary>
    public static string? Location(HttpResponseMessage response, Upstream upstream)
    {
        if (response.Headers.Location is not { } location)
        {
            return null;
        }

        var target = new Uri(upstream.Url, location);
        return SameAuthority(target, upstream) && target.UserInfo.Length == 0 ? target.PathAndQuery : null;
    }

    /// <summary>Answers with the new state of an upload.</summary>
    public static DistributionError? Answer(HttpResponseMessage upstream, HttpResponse response, Exchange exchange, long offset)
    {
        if (Location(upstream, exchange.Upstream) is not { } location)
        {
            return DistributionError.Unavailable(502, $"upstream '{exchange.Upstream.Name}' leads the upload to another place", 5);
        }

        ResponseHeaders.Copy(upstream, response);
        response.Headers.Location = PublicLocation(exchange, new UploadState(location, offset));
        response.Headers.Range = $"0-{Math.Max(0, offset - 1)}";
        if (upstream.Headers.NonValidated.TryGetValues(UuidHeader, out var values) && Guid.TryParse(values.ToString(), out var id))
        {
            response.Headers[UuidHeader] = id.ToString();
        }

        return null;
    }

    public static string PublicLocation(Exchange exchange, UploadState state) =>
        $"/v2/{exchange.Repository}/blobs/uploads/{exchange.Map.Seal.Seal(state, Binding(exchange))}";

    public static UploadBinding Binding(Exchange exchange) =>
        new(exchange.Site.Tenant.Name, exchange.Caller.Owner, exchange.Repository, exchange.Upstream.Name);

    /// <summary>How many bytes the upstream has, from <c>Range: 0-last</c>; <paramref name="otherwise"/> when it does not say.</summary>
    public static long Offset(HttpResponseMessage response, long otherwise) =>
        response.Headers.NonValidated.TryGetValues("Range", out var values)
        && TryParseRange(values.ToString(), out var first, out var last)
        && first == 0
            ? last + 1
            : otherwise;

    /// <summary>Reads <c>first-last</c>, the form of uploads: no unit and no total (OCI distribution-spec, "Pushing a blob in chunks").</summary>
    public static bool TryParseRange(ReadOnlySpan<char> text, out long first, out long last)
    {
        first = last = 0;
        if (text.StartsWith("bytes="))
        {
            text = text[6..];
        }

        var dash = text.IndexOf('-');
        return dash > 0
            && long.TryParse(text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && long.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out last)
            && last >= first;
    }

    /// <summary>Behind a TLS-terminating proxy an upstream may name itself with http; host and port decide.</summary>
    private static bool SameAuthority(Uri target, Upstream upstream) =>
        upstream.IsOrigin(target)
        || (target.Scheme == Uri.UriSchemeHttp && upstream.Url.Scheme == Uri.UriSchemeHttps
            && target.IsDefaultPort && upstream.Url.IsDefaultPort
            && target.IdnHost.Equals(upstream.Url.IdnHost, StringComparison.OrdinalIgnoreCase));
}
