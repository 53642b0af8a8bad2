using RegistryProxy.ServiceDefaults.Pages;

namespace RegistryProxy.Silo.Admin;

/// <summary>The pages of the admin listener.</summary>
internal static class AdminPages
{
    /// <summary>What the login form needs too, before anybody has logged in.</summary>
    public static readonly IReadOnlyList<string> OpenAssets = ["page.css", "icon.svg", "login.js"];

    private static readonly PageFiles Files = new(typeof(AdminPages).Assembly);

    /// <summary>What the page loads.</summary>
    public static IEnumerable<string> Assets => Files.Assets;

    public static Task Overview(HttpContext context) => Html(context, Text("index.html"));

    /// <summary>Serves one of <see cref="Assets"/>.</summary>
    public static RequestDelegate Asset(string name) => Files.Asset(name);

    public static Task Html(HttpContext context, string page) => PageFiles.Html(context, page);

    public static string Text(string name) => Files.Text(name);
}
