using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>What opens an upstream's token endpoint, or the upstream itself.</summary>
/// <param name="Username">Empty when there is none.</param>
/// <param name="Password"><c>null</c> when there is none.</param>
/// <param name="IdentityToken">For the OAuth2 form; <c>null</c> when there is none.</param>
internal sealed record UpstreamSecret(string Username, Secret? Password, Secret? IdentityToken)
{
    /// <summary>The user name by which Docker marks an identity token.</summary>
    private const string TokenUser = "<token>";

    public static UpstreamSecret None { get; } = new("", null, null);

    /// <summary>A pair as Docker keeps it.</summary>
    public static UpstreamSecret OfPair(string username, string secret) =>
        username == TokenUser ? new("", null, new Secret(secret)) : new(username, new Secret(secret), null);
}
