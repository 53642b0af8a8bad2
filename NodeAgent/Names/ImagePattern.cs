using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;

namespace RegistryProxy.NodeAgent.Names;

/// <summary>
/// A pattern of kubelet's <c>matchImages</c>: as many domain labels as the image has, globs within one label, an equal port, and a path
/// that is a prefix of the image's.
/// </summary>
internal sealed record ImagePattern
{
    private readonly string[] _labels;
    private readonly string _port;
    private readonly string _path;

    private ImagePattern(string text, string host, string path) =>
        (Text, Host, _labels, _port, _path) = (
            text, host, host.Split(':')[0].Split('.'), host.Contains(':') ? host.Split(':')[1] : "", path);

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    /// <summary>Its host, with the port.</summary>
    public string Host { get; }

    /// <summary>Reads a pattern; a glob may stand in the labels of the host alone.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ImagePattern? pattern)
    {
        var slash = text.IndexOf('/');
        var (host, path) = slash < 0 ? (text, "") : (text[..slash], text[slash..]);
        var colon = host.IndexOf(':');
        var good = host.Length > 0 && host[0] != ':' && !host.Split(':')[0].Split('.').Contains("") && !path.Contains('*')
            && (colon < 0 || ushort.TryParse(host[(colon + 1)..], out _))
                && !text.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter));
        pattern = good ? new ImagePattern(text, host, path) : null;
        return good;
    }

    public bool Matches(ImageName image) => $"/{image.Path}".StartsWith(_path, StringComparison.Ordinal) && MatchesHost(image);

    /// <summary>Whether images of the same host match, of this path or of another one.</summary>
    public bool MatchesHost(ImageName image)
    {
        var (labels, port) = (image.Domain.Split(':')[0].Split('.'), image.Domain.Contains(':') ? image.Domain.Split(':')[1] : "");
        return port == _port && labels.Length == _labels.Length
            && _labels.Zip(labels).All(pair => FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: false));
    }

    public override string ToString() => Text;
}
