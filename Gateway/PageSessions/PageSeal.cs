using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.PageSessions;

/// <summary>
/// Seals a session of the page into its cookie: AES-256-GCM under a key that is derived from the cluster's upload keys, bound to the
/// tenant, its service and the kind of cookie. Any gateway opens it, none has to remember it, and nothing of it is a credential anywhere
/// else.
/// </summary>
internal sealed class PageSeal(CurrentMap current, TimeProvider time)
{
    private Derived? _derived;

    /// <summary>The value of a cookie.</summary>
    public string Seal(PageSession session, TokenService tokenService, string cookie) => Current.Seal(
        JsonSerializer.SerializeToUtf8Bytes(session, PageSessionJson.Default.PageSession), Binding(tokenService, cookie));

    /// <summary>The session of a cookie; <c>null</c> when it is not one of ours, another's, or over.</summary>
    public PageSession? Open(string value, TokenService tokenService, string cookie) =>
        Current.TryOpen(value, Binding(tokenService, cookie), out var plain)
        && JsonSerializer.Deserialize(plain, PageSessionJson.Default.PageSession) is { } session
        && session.Until > time.GetUtcNow().ToUnixTimeSeconds()
            ? session : null;

    private AuthenticatedSeal Current
    {
        get
        {
            var keys = current.Value!.Snapshot.UploadKeys;
            var derived = Volatile.Read(ref _derived);
            if (derived is null || !ReferenceEquals(derived.Keys, keys))
            {
                derived = new Derived(keys, new AuthenticatedSeal([.. keys.Select(Derive)]));
                Volatile.Write(ref _derived, derived);
            }

            return derived.Seal;
        }
    }

    private static byte[] Derive(Secret key) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Convert.FromBase64String(key.Reveal()), 32, info: "page session"u8.ToArray());

    private static byte[] Binding(TokenService tokenService, string cookie) =>
        Encoding.UTF8.GetBytes(string.Join('\n', tokenService.Tenant.Name, tokenService.Service, cookie));

    private sealed record Derived(IReadOnlyList<Secret> Keys, AuthenticatedSeal Seal);
}
