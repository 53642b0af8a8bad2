using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Tokens;

/// <summary>
/// A refresh token: where its session is found, then 256 random bits. Only a hash of it is kept, so what is stored opens nothing.
/// </summary>
/// <param name="Authenticator">The authenticator that proved the subject.</param>
/// <param name="Subject">The subject.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Text">The whole token.</param>
internal sealed record RefreshToken(string Authenticator, string Subject, string SessionId, Secret Text)
{
    private const string Prefix = "rpr_";
    private const int MaxLength = 2048;

    public static RefreshToken Create(string authenticator, string subject, string sessionId)
    {
        var route = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{authenticator}\n{sessionId}\n{subject}"));
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return new RefreshToken(authenticator, subject, sessionId, new Secret($"{Prefix}{route}.{secret}"));
    }

    /// <summary>Reads a token; whether it is a live one only its session can say.</summary>
    public static bool TryParse(Secret text, [NotNullWhen(true)] out RefreshToken? token)
    {
        token = null;
        var value = text.Reveal();
        var dot = value.IndexOf('.');
        if (value.Length > MaxLength || !value.StartsWith(Prefix, StringComparison.Ordinal) || dot < Prefix.Length
            || !Base64Url.IsValid(value.AsSpan(Prefix.Length, dot - Prefix.Length)))
        {
            return false;
        }

        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(value.AsSpan(Prefix.Length, dot - Prefix.Length))).Split('\n', 3);
        if (parts.Length == 3 && parts[2].Length > 0)
        {
            token = new RefreshToken(parts[0], parts[2], parts[1], text);
        }

        return token is not null;
    }

    /// <summary>What is kept of the token.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text.Reveal())));

    public override string ToString() => "RefreshToken";
}
