using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// A refresh token: where its session is found, 256 random bits, and the cluster's seal over the former. Only a hash of it is kept, so what
/// is stored opens nothing. Versions before this one made none with a seal.
/// </summary>
/// <param name="Authenticator">The authenticator that proved the subject.</param>
/// <param name="Subject">The subject.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Seal">The seal; <c>null</c> when there is none. Whether it is good is not known.</param>
/// <param name="Text">The whole token.</param>
internal sealed record RefreshToken(string Authenticator, string Subject, string SessionId, string? Seal, Secret Text)
{
    /// <summary>What the seal is for: the grain of a session.</summary>
    public const string SealKind = "session";

    private const string Prefix = "rpr_";

    /// <summary>Characters: a subject of 512 that take three bytes each, in base64, and the rest.</summary>
    private const int MaxLength = 3072;

    public static RefreshToken Create(string authenticator, string subject, string sessionId, string? seal)
    {
        var route = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{authenticator}\n{sessionId}\n{subject}"));
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return new RefreshToken(
            authenticator, subject, sessionId, seal, new Secret(Prefix + route + "." + secret + (seal is null ? "" : "." + seal)));
    }

    /// <summary>Reads a token; whether it is a live one only its session can say.</summary>
    public static bool TryParse(Secret text, [NotNullWhen(true)] out RefreshToken? token)
    {
        token = null;
        var value = text.Reveal();
        if (value.Length > MaxLength || !value.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var (route, seal) = value[Prefix.Length..].Split('.') switch
        {
            [var path, _] => (path, null),
            [var path, _, var mac] => (path, mac),
            _ => ("", null),
        };
        if (!Base64Url.IsValid(route))
        {
            return false;
        }

        if (Encoding.UTF8.GetString(Base64Url.DecodeFromChars(route)).Split('\n', 3) is [var authenticator, var session, var subject]
            && VerifiedIdentity.IsUsableSubject(subject))
        {
            token = new RefreshToken(authenticator, subject, session, seal, text);
        }

        return token is not null;
    }

    /// <summary>What is kept of the token.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text.Reveal())));

    public override string ToString() => "RefreshToken";
}
