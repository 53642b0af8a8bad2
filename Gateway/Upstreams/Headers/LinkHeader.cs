using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Headers;

/// <summary>Paging by <c>Link: &lt;…&gt;; rel="next"</c> (RFC 8288), read leniently and always written anew.</summary>
internal static class LinkHeader
{
    /// <summary>
    /// The path and query of the upstream's next page. Scheme and host of the link are not used, since a registry behind a proxy knows them
    /// wrong; neither is a prefix that such a proxy takes off. <c>null</c> when there is none; <c>false</c> when there is one and it cannot
    /// be read, or leads out of the API, or to the page that it is on.
    /// </summary>
    /// <param name="response">The page.</param>
    /// <param name="path">The path of the listing.</param>
    /// <param name="next">The next page.</param>
    public static bool TryNext(HttpResponseMessage response, string path, out OriginForm? next)
    {
        next = null;
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
                    return UriReference.TryResolve(links.Target.ToString(), response.RequestMessage!.RequestUri!, out var target)
                        && (next = Within(target, path)) is { } page && page.Text != response.RequestMessage.RequestUri!.PathAndQuery;
                }
            }
        }

        return true;
    }

    /// <summary>
    /// The query of the upstream's next page, without the question mark, for clients who may send no more than that; <c>false</c> also when
    /// it has another path.
    /// </summary>
    public static bool TryNextQuery(HttpResponseMessage response, out string? query)
    {
        var path = response.RequestMessage!.RequestUri!.AbsolutePath;
        var isGood = TryNext(response, path, out var next);
        query = next?.Query;
        return isGood && (next is not { } page || (page.Path == path && page.Query.Length > 0));
    }

    private static OriginForm? Within(UriReference target, string path)
    {
        return target.Target is not { } form ? null
            : form.Path.StartsWith("/v2/", StringComparison.Ordinal) ? form
            : form.Path.EndsWith(path, StringComparison.Ordinal) && OriginForm.TryParse($"{path}?{form.Query}", out var here) ? here : null;
    }

    public static string Next(string path, string query) => $"<{path}?{query}>; rel=\"next\"";
}
