using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.AccessTokens;

/// <summary>
/// Verifies access tokens: the form of the header, the signature by a key of the snapshot (the algorithm is the key's, never the
/// header's choice), then the claims. Knows nothing of time: a verified token is kept and its time checked on each use.
/// </summary>
internal sealed class AccessTokenVerifier
{
    /// <summary>
    /// The longest token that is looked at, in characters: one for as many of the longest names as a request may ask for.
    /// </summary>
    internal const int MaxLength = 15 * 1024;

    private const int SignatureLength = 64;

    private readonly FrozenDictionary<string, ECDsa> _keys;
    private readonly TimeSpan _accessLifetime;

    public AccessTokenVerifier(IReadOnlyList<TokenKey> keys, TimeSpan accessLifetime)
    {
        _keys = keys.ToFrozenDictionary(key => key.Id, Import);
        _accessLifetime = accessLifetime;
    }

    /// <summary>The verified token; <c>null</c> when anything at all is wrong with it.</summary>
    public AccessToken? Verify(string token) =>
        Payload(token, AccessTokenHeader.Type) is { } payload ? AccessTokenPayload.Read(payload, _accessLifetime) : null;

    /// <summary>Whether a token names a key that is not known here: one that is newer, or nobody's.</summary>
    public bool NamesUnknownKey(string token) => token.Length <= MaxLength && token.IndexOf('.') is var dot and > 0
        && TryDecode(token[..dot], out var header) && AccessTokenHeader.ReadKeyId(header, AccessTokenHeader.Type) is { } keyId
        && !_keys.ContainsKey(keyId);

    /// <summary>Whether a text is no JWT, or one whose issuer is no cluster like this one; what is not looked at is not foreign.</summary>
    public static bool IsForeign(string token)
    {
        if (token.Length > MaxLength)
        {
            return false;
        }

        var parts = token.Split('.');
        return parts.Length != 3 || !TryDecode(parts[1], out var payload)
            || !(AccessTokenPayload.IsIssuedHere(payload) || IsTicket(parts[0]));
    }

    /// <summary>A ticket between gateways is of this cluster, too.</summary>
    private static bool IsTicket(string header) =>
        TryDecode(header, out var bytes) && AccessTokenHeader.ReadKeyId(bytes, FetchTicketClaims.Type) is not null;

    /// <summary>What a token of a type says, if the cluster signed it; <c>null</c> when anything at all is wrong with it.</summary>
    public byte[]? Payload(string token, string type)
    {
        var first = token.IndexOf('.');
        var last = token.LastIndexOf('.');
        if (token.Length > MaxLength || first < 0 || first == last
            || !TryDecode(token[..first], out var header)
            || !TryDecode(token[(first + 1)..last], out var payload)
            || !TryDecode(token[(last + 1)..], out var signature)
            || signature.Length != SignatureLength
            || AccessTokenHeader.ReadKeyId(header, type) is not { } keyId
            || !_keys.TryGetValue(keyId, out var key)
            || !key.VerifyData(Encoding.ASCII.GetBytes(token[..last]), signature, HashAlgorithmName.SHA256))
        {
            return null;
        }

        return payload;
    }

    private static ECDsa Import(TokenKey key) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(key.X), Y = Base64UrlEncoder.DecodeBytes(key.Y) },
    });

    /// <summary>base64url without padding, canonical: the text must be what its bytes encode to.</summary>
    private static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length is 0 or > MaxLength || !System.Buffers.Text.Base64Url.IsValid(text, out _))
        {
            return false;
        }

        bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text);
        return System.Buffers.Text.Base64Url.EncodeToString(bytes) == text;
    }
}

/// <summary>The protected header of a token of ours: exactly <c>alg</c>, <c>typ</c> and <c>kid</c>, each once.</summary>
internal static class AccessTokenHeader
{
    /// <summary>The <c>typ</c> of access tokens; refresh tokens and identity tokens of others never carry it.</summary>
    public const string Type = AccessTokenClaims.Type;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>The key id; <c>null</c> when the header is not one of ours, or of another type.</summary>
    public static string? ReadKeyId(byte[] header, string type)
    {
        try
        {
            using var document = JsonDocument.Parse(header, Strict);
            string? keyId = null;
            var known = 0;
            foreach (var member in document.RootElement.EnumerateObject())
            {
                var value = member.Value.GetString();
                switch (member.Name)
                {
                    case "alg" when value == "ES256":
                    case "typ" when value == type:
                        break;
                    case "kid" when value is { Length: > 0 and <= 64 }:
                        keyId = value;
                        break;
                    default:
                        return null;
                }

                known++;
            }

            return known == 3 ? keyId : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
