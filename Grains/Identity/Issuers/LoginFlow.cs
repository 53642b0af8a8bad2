using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>What must be known again when a browser comes back from the provider.</summary>
/// <param name="Tenant">Where it began.</param>
/// <param name="Authenticator">Whose provider it was sent to.</param>
/// <param name="State">Ties the reply to this browser (RFC 6749 §10.12).</param>
/// <param name="Nonce">Ties the ID token to this login (OpenID Connect Core 1.0 §3.1.2.1).</param>
/// <param name="Verifier">The secret of PKCE (RFC 7636 §4.1).</param>
/// <param name="UserCode">The device that it is for.</param>
/// <param name="Expires">When it is too late.</param>
/// <param name="Provider">Whose code it will be, by <see cref="CodeFlow.Provider"/>; <c>null</c> from a version that does not say.</param>
internal sealed record LoginFlow(
    string Tenant, string Authenticator, string State, string Nonce, string Verifier, string? UserCode, DateTimeOffset Expires,
    string? Provider = null)
{
    /// <summary>How long a person may take at the provider.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>What goes to the authorization endpoint (RFC 7636 §4.2, S256).</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    public static LoginFlow New(string tenant, string authenticator, string provider, string? userCode, DateTimeOffset now) =>
        new(tenant, authenticator, Random(), Random(), Random(), userCode, now + Life, provider);

    /// <summary>Where the provider sends the browser back, and nowhere else; <c>null</c> from a version that does not say.</summary>
    public string? Callback { get; init; }

    /// <summary>Whether it is for the administration of the tenant.</summary>
    public bool Administers { get; init; }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
