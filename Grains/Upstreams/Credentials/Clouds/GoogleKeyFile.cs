using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>
/// A service-account key or a configuration of workload identity federation. The places that it names must be Google's: whoever writes the
/// file may not send keys elsewhere.
/// </summary>
internal static class GoogleKeyFile
{
    private static readonly string[] Places = ["token_uri", "token_url", "service_account_impersonation_url"];

    /// <summary>Its text, if it is one of a key file: half of one is no other key.</summary>
    /// <exception cref="SecretUnavailableException">It cannot be read, or is not JSON.</exception>
    public static string ReadText(string file)
    {
        var text = new FileSecret(file).Read().Reveal();
        try
        {
            JsonDocument.Parse(text).Dispose();
            return text;
        }
        catch (JsonException)
        {
            throw Unusable(file, "is not a Google key file");
        }
    }

    /// <summary>The credential in it.</summary>
    /// <exception cref="SecretUnavailableException">It cannot be read, or names places that are not Google's.</exception>
    public static GoogleCredential Read(string file)
    {
        var text = new FileSecret(file).Read().Reveal();
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            RefuseOtherSpelling(file, root);
            foreach (var place in Places.Where(place => root.TryGetProperty(place, out var value) && !IsGoogle(value.GetString())))
            {
                throw Unusable(file, $"has a {place} that is not https://….googleapis.com");
            }

            if (root.TryGetProperty("credential_source", out var source))
            {
                RefuseOtherSpelling(file, source);
            }

            if (source.ValueKind == JsonValueKind.Object && source.TryGetProperty("executable", out _))
            {
                throw Unusable(file, "has an executable credential_source; only a file, a URL or an AWS environment is supported");
            }

            if (source.ValueKind != JsonValueKind.Undefined && file.Contains(BoundedFile.Confinement, StringComparison.Ordinal))
            {
                throw Unusable(file, "has a credential_source, which reads files and services of this machine; a tenant needs the key of " +
                    "a service account");
            }

            return root.TryGetProperty("type", out var type) && type.GetString() is "service_account" or "external_account"
                ? CredentialFactory.FromJson(text, type.GetString())
                : throw Unusable(file, "must be of type service_account or external_account");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw Unusable(file, "is not a Google key file");
        }
    }

    /// <summary>Google's library takes names in any case: what is looked at here and what is used there must be the same.</summary>
    private static void RefuseOtherSpelling(string file, JsonElement members)
    {
        if (members.EnumerateObject()
            .FirstOrDefault(member => member.Name.Any(char.IsAsciiLetterUpper)) is { Value.ValueKind: not JsonValueKind.Undefined } other)
        {
            throw Unusable(file, $"has a member {other.Name}, which Google writes in lower case");
        }
    }

    private static bool IsGoogle(string? place) =>
        Uri.TryCreate(place, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.IsDefaultPort
            && uri.UserInfo.Length == 0
        && HttpOrigin.TryGetHost(uri, out var host) && host.EndsWith(".googleapis.com", StringComparison.Ordinal);

    private static SecretUnavailableException Unusable(string file, string what) => new("the key file", file, what);
}
