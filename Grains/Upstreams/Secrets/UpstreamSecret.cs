using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Secrets;

/// <summary>What opens an upstream's token endpoint, or the upstream itself.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-secret")]
internal sealed record UpstreamSecret
{
    /// <summary>The user name by which Docker marks an identity token.</summary>
    private const string TokenUser = "<token>";

    /// <summary>Empty when there is none.</summary>
    [Id(0)]
    public string Username { get; init; } = "";

    /// <summary><c>null</c> when there is none.</summary>
    [Id(1)]
    public Secret? Password { get; init; }

    /// <summary>For the OAuth2 form; <c>null</c> when there is none.</summary>
    [Id(2)]
    public Secret? IdentityToken { get; init; }

    /// <summary>Whether the token endpoint is asked by POST first (OAuth2 password grant).</summary>
    [Id(3)]
    public bool PasswordGrant { get; init; }

    public static UpstreamSecret None { get; } = new();

    /// <summary>Whether there is nothing to prove.</summary>
    public bool IsNone => Password is null && IdentityToken is null;

    public static UpstreamSecret OfPassword(string username, Secret password) => new() { Username = username, Password = password };

    public static UpstreamSecret OfIdentityToken(Secret token) => new() { IdentityToken = token };

    /// <summary>A pair as Docker keeps it.</summary>
    public static UpstreamSecret OfPair(string username, string secret) =>
        username == TokenUser ? OfIdentityToken(new Secret(secret)) : OfPassword(username, new Secret(secret));
}
