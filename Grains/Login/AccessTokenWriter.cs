using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>Writes access tokens (distribution, spec/auth/jwt.md), signed by ES256 (RFC 7518 §3.4).</summary>
internal static class AccessTokenWriter
{
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The key that signed last, ready to sign.</summary>
    private static volatile Signer? _last;

    public static Secret Write(SigningKey key, AccessTokenDescriptor tokenDescriptor)
    {
        var known = _last;
        var signer = known?.IsOf(key) == true ? known : _last = new Signer(key);
        var descriptor = new SecurityTokenDescriptor
        {
            TokenType = AccessTokenClaims.Type,
            Issuer = AccessTokenClaims.IssuerPrefix + tokenDescriptor.Tenant,
            Audience = tokenDescriptor.Service,
            IssuedAt = tokenDescriptor.IssuedAt.UtcDateTime,
            NotBefore = tokenDescriptor.IssuedAt.UtcDateTime,
            Expires = (tokenDescriptor.IssuedAt + tokenDescriptor.Lifetime).UtcDateTime,
            Claims = Claims(tokenDescriptor),
            SigningCredentials = signer.Credentials,
        };
        return new Secret(Handler.CreateToken(descriptor));
    }

    private static Dictionary<string, object> Claims(AccessTokenDescriptor descriptor)
    {
        var claims = new Dictionary<string, object>
        {
            [AccessTokenClaims.Subject] = descriptor.Session?.Subject ?? "",
            [AccessTokenClaims.Id] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            [AccessTokenClaims.Access] = (Dictionary<string, object>[])
            [
                .. descriptor.Scopes.Select(Entry),
                .. descriptor.Administers ? [Administration(descriptor.Tenant)] : Array.Empty<Dictionary<string, object>>(),
            ],
        };
        if (descriptor.Session is { } session)
        {
            claims[AccessTokenClaims.Session] = session.SessionId;
            claims[AccessTokenClaims.Generation] = session.Generation;
            claims[AccessTokenClaims.Authenticator] = session.Authenticator;
        }

        return claims;
    }

    private static Dictionary<string, object> Administration(string tenant) => new()
    {
        ["type"] = AdministrationScope.Type, ["name"] = tenant, ["actions"] = (string[])[AdministrationScope.Action],
    };

    private static Dictionary<string, object> Entry(Scope scope) => new()
    {
        ["type"] = scope.Repository is null ? "registry" : "repository",
        ["name"] = scope.Repository?.Value ?? "catalog",
        ["actions"] = scope.Repository is null ? ["*"] : scope.Actions.Names().ToArray(),
    };

    /// <summary>To read a key takes longer than to sign by it. It may be used by many threads.</summary>
    private sealed class Signer
    {
        private readonly SigningKey _key;

        public Signer(SigningKey key)
        {
            _key = key;
            var ecdsa = ECDsa.Create();
            ecdsa.ImportPkcs8PrivateKey(Convert.FromBase64String(key.Pkcs8.Reveal()), out _);
            Credentials = new SigningCredentials(
                new ECDsaSecurityKey(ecdsa)
                {
                    KeyId = key.Id, CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = true },
                },
                SecurityAlgorithms.EcdsaSha256);
        }

        public SigningCredentials Credentials { get; }

        public bool IsOf(SigningKey key) => key.Id == _key.Id && key.Pkcs8.Equals(_key.Pkcs8);
    }
}

/// <summary>What an access token says.</summary>
internal sealed record AccessTokenDescriptor(
    string Tenant, string Service, OpenedSession? Session, IReadOnlyList<Scope> Scopes, DateTimeOffset IssuedAt, TimeSpan Lifetime,
    bool Administers = false);
