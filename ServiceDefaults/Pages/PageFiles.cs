using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Pages;

/// <summary>
/// The files of a page of people, kept in its assembly, with those that all pages share: nothing is loaded from elsewhere, and the policy
/// says so to browsers. No script stands in a page, no page of others shows it in a frame.
/// </summary>
/// <param name="own">The assembly whose resources below <c>pages/</c> are the page's own; they come before shared ones.</param>
public sealed class PageFiles(Assembly own)
{
    private const string Folder = "pages/";

    private const string NeverKept = "no-store";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
        "frame-ancestors 'none'; base-uri 'none'";

    private static readonly Dictionary<string, string> Types = new()
    {
        [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8", [".svg"] = "image/svg+xml",
        [".txt"] = "text/plain; charset=utf-8",
    };

    private readonly Dictionary<string, string> _texts =
        new[] { typeof(PageFiles).Assembly, own }.SelectMany(Read).GroupBy(file => file.Name).ToDictionary(
            files => files.Key, files => files.Last().Text);

    /// <summary>The names of what the page loads, without a folder.</summary>
    public IEnumerable<string> Assets => _texts.Keys.Where(name => Types.ContainsKey(Path.GetExtension(name)));

    /// <summary>The text of a file; it must be there.</summary>
    public string Text(string name) => _texts[name];

    /// <summary>Serves one of <see cref="Assets"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="kept">How long browsers keep it, as <c>Cache-Control</c>; not at all by default.</param>
    public RequestDelegate Asset(string name, string kept = NeverKept) =>
        context => Write(context, Types[Path.GetExtension(name)], Text(name), kept);

    /// <summary>Serves a page.</summary>
    public static Task Html(HttpContext context, string page) =>
        Write(context, "text/html; charset=utf-8", page, NeverKept);

    private static IEnumerable<(string Name, string Text)> Read(Assembly assembly)
    {
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream);
            yield return (name[Folder.Length..], reader.ReadToEnd());
        }
    }

    private static Task Write(HttpContext context, string type, string text, string kept)
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = kept;
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
