using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Issuers;

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
