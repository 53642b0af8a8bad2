using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Fetches;

/// <summary>
/// One blob of one tenant: who fetches it or has it. Held in memory alone: with the activation goes the knowledge where the blob is, and
/// the next gateway that wants it fetches it anew.
/// </summary>
[GrainType("fetch")]
internal sealed class FetchGrain(FetchTickets tickets, TimeProvider time) : Grain, IFetchGrain
{
    /// <summary>How long a blob is read from who has it: a repository that lost it must not live on from gateway to gateway.</summary>
    private static readonly TimeSpan Trust = TimeSpan.FromHours(1);

    private FetchMember? _holder;
    private long? _keptAt;

    /// <summary>Counts on from the time, so that no other activation counted the same.</summary>
    private long _term = time.GetUtcNow().UtcTicks;

    public async ValueTask<FetchElection> Elect(FetchMember gateway, string? failed, CancellationToken cancellation = default)
    {
        if (_holder is not { } holder || holder.Id == gateway.Id || holder.Id == failed
            || time.GetElapsedTime(_keptAt ?? time.GetTimestamp()) > Trust)
        {
            (_holder, _keptAt) = (gateway, null);
            return new FetchElection { Term = ++_term };
        }

        return FetchKey.TryParse(this.GetPrimaryKeyString(), out var key)
            ? new FetchElection { Term = _term, Holder = holder, Ticket = await tickets.Write(key, reader: gateway, holder) }
            : throw new ArgumentException("the key of this grain names no blob");
    }

    public ValueTask End(long term, bool kept, CancellationToken cancellation = default)
    {
        if (term == _term)
        {
            _holder = kept ? _holder : null;
            _keptAt = kept ? time.GetTimestamp() : null;
        }

        if (_holder is null)
        {
            // Of a blob that nobody has, or that was never there, nothing is worth knowing.
            DeactivateOnIdle();
        }

        return ValueTask.CompletedTask;
    }
}

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
