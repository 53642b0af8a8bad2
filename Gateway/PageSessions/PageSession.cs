using System.Text.Json.Serialization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.PageSessions;

/// <summary>What a cookie of the page stands for.</summary>
/// <param name="Token">
/// The refresh token of whoever logged in, or the access token that administers; empty for a visitor, whose cookie is only for what the
/// page sends to log in.
/// </param>
/// <param name="Until">When the cookie ends, in seconds since 1970.</param>
internal sealed record PageSession([property: JsonPropertyName("t")] string Token, [property: JsonPropertyName("u")] long Until)
{
    /// <summary>The token; <c>null</c> for a visitor.</summary>
    [JsonIgnore]
    public Secret? Secret => Token.Length == 0 ? null : new Secret(Token);

    /// <summary>Nothing of the token.</summary>
    public override string ToString() => nameof(PageSession);
}

[JsonSerializable(typeof(PageSession))]
internal sealed partial class PageSessionJson : JsonSerializerContext;
