using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>Finds a registry in Docker's <c>config.json</c>: its own helper, its entry, then the helper of all.</summary>
internal static class DockerConfig
{
    private const string Hub = "https://index.docker.io/v1/";

    /// <summary>What Docker calls the registry: its host and port, except Docker Hub.</summary>
    public static string ServerOf(Uri url) => HttpOrigin.Of(url) switch
    {
        { Host: "registry-1.docker.io" or "index.docker.io" or "docker.io" } => Hub,
        var origin => origin.Authority,
    };

    /// <summary>What the file says of the registry.</summary>
    /// <exception cref="SecretUnavailableException">The file cannot be read.</exception>
    public static DockerConfigEntry Read(DockerConfigCredentials docker, Uri url)
    {
        var server = docker.Server ?? ServerOf(url);
        try
        {
            using var document = JsonDocument.Parse(new FileSecret(docker.Path).Read().Reveal());
            var root = document.RootElement;
            if (Spellings(server).Select(name => Text(root, "credHelpers", name)).FirstOrDefault(helper => helper is not null) is { } own)
            {
                return new(Program(own), server, null);
            }

            var secret = Spellings(server).Select(name => Entry(root, name)).FirstOrDefault(found => found is not null);
            return secret is null && Text(root, "credsStore") is { } store ? new(Program(store), server, null) : new(null, server, secret);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            throw new SecretUnavailableException("the Docker configuration", docker.Path, "is not a config.json of Docker");
        }
    }

    private static IEnumerable<string> Spellings(string server) =>
        server == Hub ? [Hub, "index.docker.io", "docker.io"]
            : [server, $"https://{server}", $"https://{server}/", $"https://{server}/v2/", $"https://{server}/v1/"];

    private static string Program(string helper) =>
        helper.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            ? $"docker-credential-{helper}"
            : throw new FormatException("a helper's name is not one");

    private static UpstreamSecret? Entry(JsonElement root, string name)
    {
        if (Text(root, "auths", name, "identitytoken") is { Length: > 0 } token)
        {
            return UpstreamSecret.OfIdentityToken(new Secret(token));
        }

        if (Text(root, "auths", name, "auth") is { Length: > 0 } auth)
        {
            return BasicPair.Read(auth) is { User.Length: > 0 } pair
                ? UpstreamSecret.OfPair(pair.User, pair.Password.Reveal())
                : throw new FormatException("auth is not user:password");
        }

        return Text(root, "auths", name, "username") is { Length: > 0 } user
            && Text(root, "auths", name, "password") is { Length: > 0 } password
            ? UpstreamSecret.OfPair(user, password)
            : null;
    }

    private static string? Text(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }
}

/// <summary>Exactly one of a helper to run and a secret; neither when the file does not know the registry.</summary>
internal sealed record DockerConfigEntry(string? Helper, string Server, UpstreamSecret? Secret);
