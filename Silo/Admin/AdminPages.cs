namespace RegistryProxy.Silo.Admin;

/// <summary>
/// The pages of the admin listener, kept in the assembly: nothing is loaded from elsewhere, and the policy says so to browsers.
/// </summary>
internal static class AdminPages
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
        "base-uri 'none'";

    public static Task Overview(HttpContext context) => Html(context, Text("index.html"));

    public static Task Script(HttpContext context) => Write(context, "text/javascript; charset=utf-8", Text("page.js"));

    public static Task Style(HttpContext context) => Write(context, "text/css; charset=utf-8", Text("page.css"));

    public static Task Html(HttpContext context, string page) => Write(context, "text/html; charset=utf-8", page);

    public static string Text(string name)
    {
        using var stream = typeof(AdminPages).Assembly.GetManifestResourceStream($"pages/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static Task Write(HttpContext context, string type, string text)
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
