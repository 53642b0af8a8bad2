using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// Whether an access token opens the administration of a tenant now. Nothing of what a gateway says of it is believed.
/// </summary>
internal sealed class AdministratorProof(RingKeys keys, IGrainFactory grains, TimeProvider time)
{
    /// <summary>The longest token, in characters; gateways take no longer one.</summary>
    private const int MaxLength = 16 * 1024;

    /// <summary>Clocks of silos may differ by this much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = MaxLength };

    private static readonly AdministrationReply NoToken = AdministrationAnswer.Error(
        401, "a token with the scope tenant:NAME:administer is needed; log in at the token endpoint and request it");

    private static readonly AdministrationReply Ended = AdministrationAnswer.Error(
        401, "the session of this token has ended, or is no administrator's any more; log in again");

    /// <summary>Who it is, or what is said otherwise; exactly one of the two is set.</summary>
    public async ValueTask<(Administrator? Administrator, AdministrationReply? Refusal)> Verify(
        string tenant, Secret token, CancellationToken cancellation)
    {
        if (await Read(tenant, token.Reveal(), cancellation) is not { } claims)
        {
            return (null, NoToken);
        }

        var key = new SessionKey(tenant, claims.Authenticator, claims.Subject).ToString();
        var standing = await grains.GetGrain<ISessionAuthorityGrain>(key).StandingOf(claims.Session, claims.Generation);
        return standing switch
        {
            { Unavailable: { } why } => (null, AdministrationAnswer.Error(503, why)),
            { Rules: { } rules } => (new Administrator(claims.Authenticator, claims.Subject, rules), null),
            _ => (null, Ended),
        };
    }

    private async ValueTask<Claims?> Read(string tenant, string text, CancellationToken cancellation)
    {
        if (KeyIdOf(text) is not { } keyId)
        {
            return null;
        }

        var known = await keys.Current(cancellation);
        if (known.TokenKeys.All(key => key.Id != keyId))
        {
            known = await keys.Latest(cancellation);
        }

        var result = await Handler.ValidateTokenAsync(text, Parameters(tenant, known));
        return result is { IsValid: true, SecurityToken: JsonWebToken token } && Opens(token, tenant) ? ClaimsOf(token) : null;
    }

    private static string? KeyIdOf(string text)
    {
        try
        {
            return text.Length <= MaxLength ? new JsonWebToken(text).Kid : null;
        }
        catch (Exception)
        {
            // A stranger's text, and the library throws what it meets in it.
            return null;
        }
    }

    private TokenValidationParameters Parameters(string tenant, PublishedKeys known) => new()
    {
        ValidTypes = [AccessTokenClaims.Type],
        ValidIssuer = AccessTokenClaims.IssuerPrefix + tenant,
        ValidateAudience = false,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        IssuerSigningKeys = known.TokenKeys.Select(key => new JsonWebKey
        {
            Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve, Crv = JsonWebKeyECTypes.P256, X = key.X, Y = key.Y, Kid = key.Id,
            CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false },
        }),
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = (start, end, token, _) =>
            IsAlive(start, end, token is JsonWebToken ours ? ours.IssuedAt : DateTime.MinValue),
    };

    /// <summary>Not expired, and made on a login of the last minutes.</summary>
    private bool IsAlive(DateTime? start, DateTime? end, DateTime issued)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return end > now && start < now + Skew && issued > now - AdministrationScope.MaxLifetime && issued < now + Skew;
    }

    private static bool Opens(JsonWebToken token, string tenant) =>
        token.GetPayloadValue<JsonElement>(AccessTokenClaims.Access).EnumerateArray().Any(entry =>
            entry.GetProperty("type").GetString() == AdministrationScope.Type && entry.GetProperty("name").GetString() == tenant
            && entry.GetProperty("actions").EnumerateArray().Any(action => action.GetString() == AdministrationScope.Action));

    /// <summary>Those of a session; <c>null</c> when it has none.</summary>
    private static Claims? ClaimsOf(JsonWebToken token) =>
        token.TryGetPayloadValue<string>(AccessTokenClaims.Session, out var session)
            && token.TryGetPayloadValue<string>(AccessTokenClaims.Authenticator, out var authenticator)
            && token.TryGetPayloadValue<long>(AccessTokenClaims.Generation, out var generation) && token.Subject.Length > 0
            ? new Claims(authenticator, token.Subject, session, generation) : null;

    private sealed record Claims(string Authenticator, string Subject, string Session, long Generation);
}
