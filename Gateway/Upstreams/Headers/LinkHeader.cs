using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>Paging by <c>Link: &lt;…&gt;; rel="next"</c> (RFC 8288), read leniently and always written anew.</summary>
internal static class LinkHeader
{
    /// <summary>
    /// The query of the upstream's next page, without the question mark: scheme, host and path of the link are not used, since the next
    /// page is asked where this one was. <c>null</c> when there is none; <c>false</c> when there is one and it cannot be read.
    /// </summary>
    public static bool TryNextQuery(HttpResponseMessage response, out string? query)
    {
        query = null;
        if (!response.Headers.NonValidated.TryGetValues("Link", out var values))
        {
            return true;
        }

        foreach (var value in values)
        {
            var links = new LinkValues(value);
            while (links.MoveNext())
            {
                if (links.IsOf("next"))
                {
                    query = UriReference.TryResolve(links.Target.ToString(), response.RequestMessage!.RequestUri!, out var target)
                        ? target.Query : "";
                    return query.Length > 0;
                }
            }
        }

        return true;
    }

    public static string Next(string path, string query) => $"<{path}?{query}>; rel=\"next\"";
}
