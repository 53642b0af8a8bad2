using System.Text.Json.Serialization;

namespace RegistryProxy.Protocol;

/// <summary>
/// What a token endpoint answers (distribution, spec/auth/token.md and oauth.md). <c>token</c> and <c>access_token</c> are equal.
/// </summary>
public sealed record TokenReply
{
    [JsonPropertyName("token")]
    public string? Token { get; init; }

    [JsonPropertyName("access_token")]
    public string? AccessToken { get; init; }

    /// <summary>Seconds from <see cref="IssuedAt"/>; absent means 60, less than 60 is never sent.</summary>
    [JsonPropertyName("expires_in")]
    [JsonConverter(typeof(SecondsConverter))]
    public int? ExpiresIn { get; init; }

    /// <summary>RFC 3339, UTC.</summary>
    [JsonPropertyName("issued_at")]
    [JsonConverter(typeof(OptionalTextConverter))]
    public string? IssuedAt { get; init; }

    /// <summary>The scopes that were granted, separated by spaces; sent by the OAuth2 form.</summary>
    [JsonPropertyName("scope")]
    [JsonConverter(typeof(OptionalTextConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Scope { get; init; }

    /// <summary>How <c>access_token</c> is used (RFC 6749 §5.1); sent by the OAuth2 form.</summary>
    [JsonPropertyName("token_type")]
    [JsonConverter(typeof(OptionalTextConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenType { get; init; }

    /// <summary>What <c>access_token</c> is, where it was exchanged for another (RFC 8693 §2.2.1).</summary>
    [JsonPropertyName("issued_token_type")]
    [JsonConverter(typeof(OptionalTextConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IssuedTokenType { get; init; }

    [JsonPropertyName("refresh_token")]
    [JsonConverter(typeof(OptionalTextConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RefreshToken { get; init; }

    /// <summary>Seconds until <see cref="RefreshToken"/> ends; sent with it.</summary>
    [JsonPropertyName("refresh_expires_in")]
    [JsonConverter(typeof(SecondsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RefreshExpiresIn { get; init; }

    /// <summary>
    /// The token, whichever of the two names it came under, without space around it; <c>null</c> when there is none.
    /// </summary>
    public string? Bearer() => Token?.Trim() is { Length: > 0 } token ? token : AccessToken?.Trim();

    public override string ToString() => "TokenReply";
}

/// <summary>Reading and writing of <see cref="TokenReply"/> without reflection.</summary>
[JsonSerializable(typeof(TokenReply))]
public sealed partial class TokenReplyJson : JsonSerializerContext;
