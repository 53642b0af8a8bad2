namespace RegistryProxy.Silo.Admin;

/// <summary>
/// The pages of the admin listener, kept in the assembly: nothing is loaded from elsewhere, and the policy says so to browsers.
/// </summary>
internal static class AdminPages
{
    /// <summary>What the login form needs too, before anybody has logged in.</summary>
    public static readonly IReadOnlyList<string> OpenAssets = ["page.css", "icon.svg", "login.js"];

    private const string Folder = "pages/";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
        "frame-ancestors 'none'; base-uri 'none'";

    private static readonly Dictionary<string, string> Types = new()
    {
        [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8", [".svg"] = "image/svg+xml",
        [".txt"] = "text/plain; charset=utf-8",
    };

    /// <summary>What the page loads.</summary>
    public static IEnumerable<string> Assets => typeof(AdminPages).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && Types.ContainsKey(Path.GetExtension(name)))
        .Select(name => name[Folder.Length..]);

    public static Task Overview(HttpContext context) => Html(context, Text("index.html"));

    /// <summary>Serves one of <see cref="Assets"/>.</summary>
    public static RequestDelegate Asset(string name) => context => Write(context, Types[Path.GetExtension(name)], Text(name));

    public static Task Html(HttpContext context, string page) => Write(context, "text/html; charset=utf-8", page);

    public static string Text(string name)
    {
        using var stream = typeof(AdminPages).Assembly.GetManifestResourceStream(Folder + name)!;
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
