using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Verifies tokens of one issuer: asymmetric algorithms alone, exact issuer and audience, an expiry.</summary>
internal sealed class IssuedTokenVerifier : IDisposable
{
    private const int MaxLength = 16 * 1024;

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = MaxLength };

    private readonly TokenIssuerConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly IssuerKeys _keys;
    private readonly string[] _algorithms;

    /// <param name="configuration">The issuer.</param>
    /// <param name="network">How connections to it are opened.</param>
    /// <param name="time">The time.</param>
    /// <param name="server">What is told of how the issuer fares.</param>
    /// <param name="algorithms">The algorithms that count (RFC 7518 §3.1).</param>
    public IssuedTokenVerifier(
        TokenIssuerConfiguration configuration, Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server,
        params string[] algorithms)
    {
        (_configuration, _time, _algorithms) = (configuration, time, algorithms);
        _keys = new IssuerKeys(configuration, network, time, server);
    }

    /// <summary>The claim that names whose a token is, for operators who look why it is refused.</summary>
    public string SubjectClaim { get; init; } = "sub";

    /// <summary>What stands before that in the subject of its identities.</summary>
    public string SubjectPrefix { get; init; } = "";

    /// <summary>Asymmetric signatures of RFC 7518.</summary>
    public static string[] AnySignature { get; } = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>What comes is none.</summary>
    public static Verdict NoToken { get; } = Verdict.Refused("this is not a signed token (JWT)");

    /// <summary>The token is of nobody who is known here.</summary>
    public static Verdict WrongIssuer { get; } = Verdict.Refused("wrong issuer: the token is from another one");

    /// <summary>The issuer that a token names, which nobody has verified; <c>null</c> when it is no signed token.</summary>
    public static string? IssuerOf(Secret credential) => TryRead(credential.Reveal(), out var token) ? token.Issuer : null;

    /// <summary>Verifies a token and makes an identity of it.</summary>
    public async ValueTask<Verdict> Verify(Secret credential, Func<IssuedToken, Verdict> identify, CancellationToken cancellation)
    {
        var text = credential.Reveal();
        if (!TryRead(text, out var unverified))
        {
            return NoToken;
        }

        try
        {
            var result = await Validate(unverified, cancellation);
            return result is { IsValid: true, SecurityToken: JsonWebToken token } ? identify(new IssuedToken(token))
                : Refuse(result.Exception, unverified);
        }
        catch (IssuerUnavailableException)
        {
            return Verdict.Unavailable($"the keys of '{_configuration.Label}' cannot be fetched now");
        }
    }

    /// <summary>Asks for the keys.</summary>
    public ValueTask<Trial> Try(CancellationToken cancellation) => _keys.Try(cancellation);

    public void Dispose() => _keys.Dispose();

    /// <summary>A signature by none of the known keys may be by one that the issuer has had since.</summary>
    private async ValueTask<TokenValidationResult> Validate(JsonWebToken token, CancellationToken cancellation)
    {
        var keys = await _keys.For(token.Kid is { Length: > 0 } kid ? kid : null, cancellation);
        var result = await Validate(token, keys);
        return !result.IsValid && IsOfSignature(result.Exception) && await _keys.Renewed(keys, cancellation) is { } others
            ? await Validate(token, others)
            : result;
    }

    private async Task<TokenValidationResult> Validate(JsonWebToken token, IReadOnlyList<SecurityKey> keys) =>
        IssuerKeys.Candidates(keys, token.Kid, token.Alg) is { } tried ? await Handler.ValidateTokenAsync(token, Parameters(tried))
            : new TokenValidationResult { Exception = new TooManyKeysException() };

    private TokenValidationParameters Parameters(IReadOnlyList<SecurityKey> keys) => new()
    {
        ValidIssuer = _configuration.Issuer,
        ValidAudience = _configuration.Audience,
        ValidAlgorithms = _algorithms,
        IssuerSigningKeys = keys,
        TryAllIssuerSigningKeys = true,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = IsAlive,
    };

    private bool IsAlive(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return expires is { } end && end > now - Skew && (notBefore is not { } start || start < now + Skew);
    }

    private static bool TryRead(string text, out JsonWebToken token)
    {
        try
        {
            token = text.Length <= MaxLength ? new JsonWebToken(text) : null!;
            return token?.EncodedSignature.Length > 0 && IsOfAKnownKind(token);
        }
        catch (Exception)
        {
            // A stranger's text, and the library throws what it meets in it.
            token = null!;
            return false;
        }
    }

    /// <summary>
    /// No extension that must be understood (RFC 7515 §4.1.11), and no message of another kind, such as one of a logout (RFC 8725 §3.11).
    /// </summary>
    private static bool IsOfAKnownKind(JsonWebToken token)
    {
        var kind = token.Typ ?? "";
        return !token.TryGetHeaderValue<object>("crit", out _)
            && (!kind.EndsWith("+jwt", StringComparison.OrdinalIgnoreCase)
                || kind.Equals("at+jwt", StringComparison.OrdinalIgnoreCase)
                || kind.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The signature is verified first: of what is refused after that it is known whose it is.</summary>
    private Verdict Refuse(Exception? fault, JsonWebToken token) => fault switch
    {
        SecurityTokenInvalidAudienceException => Known("wrong audience: the token is for another service", token),
        SecurityTokenInvalidIssuerException => WrongIssuer,
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNoExpirationException
            or SecurityTokenNotYetValidException =>
            Known(WhyNotNow(token), token),
        SecurityTokenInvalidAlgorithmException => Verdict.Refused("the token is signed by an algorithm that does not count here"),
        TooManyKeysException => Verdict.Refused(
            $"the token names no key of its issuer by kid, and the issuer has more than {IssuerKeys.MaxTried} that may have signed it"),
        _ => Verdict.Refused("the signature of the token is not one of the issuer's"),
    };

    private static bool IsOfSignature(Exception? fault) => fault is SecurityTokenInvalidSignatureException;

    private Verdict Known(string message, JsonWebToken token) => Verdict.Refused(
        message, _configuration.Name,
        new IssuedToken(token).Text(SubjectClaim) is { Length: > 0 } whose ? SubjectPrefix + whose : null);

    private string WhyNotNow(JsonWebToken token)
    {
        static DateTimeOffset? At(DateTime time) => time == DateTime.MinValue ? null : new DateTimeOffset(time, TimeSpan.Zero);
        return At(token.ValidTo) is { } expires
            ? new Validity(At(token.IssuedAt), At(token.ValidFrom), expires).Fault("token", _time.GetUtcNow(), Skew)
            : "the token never expires, which is not accepted";
    }

    /// <summary>It would have to be tried with too many keys.</summary>
    private sealed class TooManyKeysException : Exception;
}

/// <summary>The payload of a token whose signature, issuer, audience and times were verified.</summary>
internal sealed class IssuedToken
{
    /// <summary>Claims beside which <c>…_verified</c> says whether they are the person's (OpenID Connect Core 1.0 §5.1).</summary>
    private static readonly string[] Verifiable = ["email", "phone_number"];

    private readonly JsonElement _payload;

    public IssuedToken(JsonWebToken token)
    {
        using var document = JsonDocument.Parse(Microsoft.IdentityModel.Tokens.Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        _payload = document.RootElement.Clone();
        Expires = new DateTimeOffset(token.ValidTo, TimeSpan.Zero);
    }

    public DateTimeOffset Expires { get; }

    /// <summary>The text of a scalar claim, or of a member below it; <c>null</c> when there is none.</summary>
    public string? Text(params ReadOnlySpan<string> path) => Find(path) is { } element ? Scalar(element) : null;

    /// <summary>Whether a claim, or a member below it, is an object.</summary>
    public bool HasObject(params ReadOnlySpan<string> path) => Find(path) is { ValueKind: JsonValueKind.Object };

    /// <summary>Whether a claim is one that people may set to what is not theirs, and nothing says that it was verified.</summary>
    public bool IsUnproved(string claim) => Verifiable.Contains(claim) && Text($"{claim}_verified") != "true";

    /// <summary>The texts of a claim that is a list or a single value.</summary>
    public IReadOnlyList<string> Texts(string claim) => Find([claim]) switch
    {
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Scalar).OfType<string>()],
        { } single when Scalar(single) is { } text => [text],
        _ => [],
    };

    /// <summary>Every claim with a single value.</summary>
    public Dictionary<string, string> Scalars()
    {
        Dictionary<string, string> claims = [];
        foreach (var member in _payload.EnumerateObject())
        {
            if (!IsDenied(member.Name) && Scalar(member.Value) is { } text)
            {
                claims[member.Name] = text;
            }
        }

        return claims;
    }

    /// <summary>What it says of the claims that are required and not among those of its identity.</summary>
    public Dictionary<string, IReadOnlyList<string>> Beside(
        IReadOnlyDictionary<string, string> claims, IEnumerable<string> required) =>
        required.Where(name => !claims.ContainsKey(name)).ToDictionary(name => name, Texts);

    /// <summary>What is wrong with the first of the claims that are named and match none of their globs; <c>null</c> when all do.</summary>
    public string? Misses(IReadOnlyDictionary<string, IReadOnlyList<string>> required)
    {
        foreach (var (claim, globs) in required)
        {
            var values = Texts(claim);
            if (values.Count == 0)
            {
                return IsDenied(claim) ? NotVerified(claim) : $"claim {claim} missing";
            }

            if (!values.Any(value => globs.Any(glob => Glob.Matches(glob, value))))
            {
                return $"claim {claim} is none of those that count";
            }
        }

        return null;
    }

    /// <summary>What is wrong with a claim of that kind.</summary>
    public static string NotVerified(string claim) => $"claim {claim} is not verified";

    /// <summary>
    /// Whether the token itself says of a claim that it was not verified: then it names nobody, and is as if it were not there.
    /// </summary>
    private bool IsDenied(string claim) =>
        Verifiable.Contains(claim) && _payload.TryGetProperty($"{claim}_verified", out _) && IsUnproved(claim);

    private JsonElement? Find(ReadOnlySpan<string> path)
    {
        var element = _payload;
        if (path.Length > 0 && IsDenied(path[0]))
        {
            return null;
        }

        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element;
    }

    private static string? Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };
}
