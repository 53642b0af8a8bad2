using System.Buffers.Text;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>What the token endpoint is shown: a token exchange (RFC 8693) or a password.</summary>
internal sealed class Proof
{
    private Proof(params KeyValuePair<string, string>[] fields) => Fields = fields;

    /// <summary>The fields of the form. They hold the secret: never log them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; }

    /// <summary>The credential text of a token authenticator.</summary>
    public static Proof Exchange(string authenticator, Secret credential) => new(
        new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        new("subject_token_type", TokenFields.SubjectTokenType + authenticator),
        new("subject_token", credential.Reveal()));

    public static Proof Password(string user, Secret password) =>
        new(new("grant_type", "password"), new("username", user), new("password", password.Reveal()));

    /// <summary>The credential text of a document with its nonce: base64url of JSON.</summary>
    public static Secret Document(string name, string document, string nonce)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteString(name, document);
            writer.WriteString("nonce", nonce);
            writer.WriteEndObject();
        }

        return new Secret(Base64Url.EncodeToString(json.ToArray()));
    }

    public override string ToString() => "Proof";
}
