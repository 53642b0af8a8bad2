using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Paging by <c>Link: &lt;…&gt;; rel="next"</c> (RFC 8288), read leniently and always written anew.</summary>
internal static class LinkHeader
{
    /// <summary>The raw query of the upstream's next page, without the question mark; <c>null</c> when there is none on this upstream.</summary>
    public static string? NextQuery(HttpResponseMessage response, Upstream upstream)
    {
        if (!response.Headers.NonValidated.TryGetValues("Link", out var values))
        {
            return null;
        }

        var link = values.ToString();
        var open = link.IndexOf('<');
        var close = link.IndexOf('>', open + 1);
        return open >= 0 && close > open
            && link.AsSpan(close).Contains("next", StringComparison.OrdinalIgnoreCase)
            && Uri.TryCreate(upstream.Url, link[(open + 1)..close], out var target)
            && upstream.IsOrigin(target)
            && target.Query.Length > 1
                ? target.Query[1..]
                : null;
    }

    public static string Next(string path, string query) => $"<{path}?{query}>; rel=\"next\"";
}
