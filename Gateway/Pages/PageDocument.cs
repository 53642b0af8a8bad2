using System.Security.Cryptography;
using System.Text;
using RegistryProxy.ServiceDefaults.Pages;

namespace RegistryProxy.Gateway.Pages;

/// <summary>
/// The page itself: one document for everybody, which says nothing of anybody, and its files. Their addresses name their content, so that
/// browsers keep them.
/// </summary>
internal sealed class PageDocument
{
    /// <summary>Where the files are.</summary>
    public const string Prefix = "/page/assets/";

    private readonly PageFiles _files = new(typeof(PageDocument).Assembly);
    private readonly string _folder;
    private readonly string _text;
    private readonly Dictionary<string, RequestDelegate> _assets;

    public PageDocument()
    {
        var all = string.Concat(_files.Assets.Order(StringComparer.Ordinal).Select(name => $"{name}\n{_files.Text(name)}\n"));
        _folder = $"{Prefix}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16]}/";
        _text = _files.Text("index.html").Replace("{assets}/", _folder);
        _assets = _files.Assets.ToDictionary(name => _folder + name, name => _files.Asset(name, "public, max-age=86400, immutable"));
    }

    /// <summary>Shows it.</summary>
    public Task Show(HttpContext context) => PageFiles.Html(context, _text);

    /// <summary>One of its files; <c>null</c> when there is none at this address.</summary>
    public RequestDelegate? Find(ReadOnlySpan<char> path) => _assets.GetAlternateLookup<ReadOnlySpan<char>>()
        .TryGetValue(path, out var asset) ? asset : null;
}
