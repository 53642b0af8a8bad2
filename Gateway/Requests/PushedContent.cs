namespace RegistryProxy.Gateway.Requests;

/// <summary>
/// What somebody pushed shares its origin with the page for people: no browser may take it for a page of this origin, whatever its
/// <c>Content-Type</c> says (Content Security Policy Level 3 §6.3.2; Fetch, "X-Content-Type-Options").
/// </summary>
internal static class PushedContent
{
    /// <summary>Marks an answer of the distribution API; nothing is allocated.</summary>
    public static void Confine(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox";
    }
}
