using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Fetches;

/// <summary>Writes the tickets with which gateways read from each other, signed by the key that signs access tokens.</summary>
internal sealed class FetchTickets(SigningKeys keys, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>A ticket for one blob.</summary>
    public async ValueTask<Secret> Write(FetchKey blob, FetchMember reader, FetchMember holder)
    {
        var key = await keys.Current();
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(Convert.FromBase64String(key.Pkcs8.Reveal()), out _);
        return new Secret(Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = FetchTicketClaims.Type,
            Audience = holder.Id,
            Expires = (time.GetUtcNow() + Lifetime).UtcDateTime,
            Claims = new Dictionary<string, object>
            {
                [FetchTicketClaims.Subject] = reader.Id,
                [FetchTicketClaims.Certificate] = reader.Certificate,
                [FetchTicketClaims.Blob] = blob.ToString(),
            },
            SigningCredentials = new SigningCredentials(
                new ECDsaSecurityKey(ecdsa)
                {
                    KeyId = key.Id, CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false }
                },
                SecurityAlgorithms.EcdsaSha256),
        }));
    }
}
