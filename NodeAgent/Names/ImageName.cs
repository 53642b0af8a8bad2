using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Names;

/// <summary>The name of an image with its registry, as runtimes understand it: a name without one belongs to <c>docker.io</c>.</summary>
/// <param name="Domain">Host, with the port where it is written.</param>
/// <param name="Path">The repository.</param>
/// <param name="Tag">The tag; <c>latest</c> when neither tag nor digest is written.</param>
/// <param name="Digest">The digest, which decides where both are written.</param>
internal sealed record ImageName(string Domain, string Path, string? Tag, string? Digest)
{
    private const string DockerHub = "docker.io";

    /// <summary>Domain and path.</summary>
    public string Repository => $"{Domain}/{Path}";

    /// <summary>Whether both mean the same image: domain, path, and the digest, or the tag where there is none.</summary>
    public bool Means(ImageName other) => Repository == other.Repository && (Digest ?? Tag) == (other.Digest ?? other.Tag);

    /// <summary>The repository of a name that has neither tag nor digest; <c>null</c> for any other text.</summary>
    public static string? RepositoryOf(string text) =>
        TryParse(text, out var name) && !text.Contains('@') && text.LastIndexOf(':') <= text.LastIndexOf('/') ? name.Repository : null;

    /// <summary>Reads a name; <c>false</c> for what is none, an identifier of an image included.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ImageName? name)
    {
        name = null;
        var at = text.IndexOf('@');
        var (rest, digest) = at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
        var slash = rest.IndexOf('/');
        var hasDomain = slash > 0 && (rest[..slash].AsSpan().ContainsAny('.', ':') || rest[..slash] == "localhost");
        var (domain, path) = hasDomain ? (rest[..slash], rest[(slash + 1)..]) : (DockerHub, rest);
        var colon = path.IndexOf(':');
        var (repository, tag) = colon < 0 ? (path, null) : (path[..colon], path[(colon + 1)..]);
        if (ImageId.IsOne(text) || !RepositoryName.TryParse(repository, out _) || (tag is not null && !Protocol.Tag.TryParse(tag, out _))
            || (digest is not null && !Protocol.Digest.TryParse(digest, out _)))
        {
            return false;
        }

        name = new ImageName(
            domain == "index.docker.io" ? DockerHub : domain,
            domain is DockerHub or "index.docker.io" && !repository.Contains('/') ? $"library/{repository}" : repository,
            tag is null && digest is null ? "latest" : tag,
            digest);
        return true;
    }

    /// <summary>The whole name; without the tag where a digest decides.</summary>
    public override string ToString() => Digest is null ? $"{Repository}:{Tag}" : $"{Repository}@{Digest}";
}
