using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Authentication;

/// <summary>Finds the access token of a request and decides, locally, whether it is good for this tenant now.</summary>
internal sealed class BearerAuthentication(AccessTokenCache tokens, TimeProvider time)
{
    /// <summary>
    /// How far the clock of a gateway may be behind that of the silo that signed. It is the cluster's own tokens that are judged: one that
    /// begins later was not made to be kept until then.
    /// </summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>The longest that a token can be continued.</summary>
    private static readonly TimeSpan ContinuationLimit = TimeSpan.FromHours(12);

    public Authentication Authenticate(HttpRequest request, TokenService tokenService, FrontDoorMap map)
    {
        var header = request.Headers.Authorization;
        if (header.Count > 1)
        {
            return Authentication.Ambiguous;
        }

        if (StringValues.IsNullOrEmpty(header))
        {
            return Authentication.Missing;
        }

        var text = header.ToString();
        if (!text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return Authentication.Missing;
        }

        return tokens.Get(text, map) is { } token
            ? Classify(token, tokenService)
            : Authentication.Refused(null, "not a token of this cluster: its form, its key or its signature does not count here");
    }

    /// <summary>Whether the token of a request names a key that the map does not have.</summary>
    public static bool NamesUnknownKey(HttpRequest request, FrontDoorMap map) =>
        map.Verifier.NamesUnknownKey(request.Headers.Authorization.ToString()["Bearer ".Length..].Trim());

    /// <summary>Whether a request carries one Authorization header of the other kind, <c>Basic</c>.</summary>
    public static bool IsBasic(HttpRequest request) =>
        request.Headers.Authorization is { Count: 1 } header && header[0]?.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Whether a request carries one token, and that is none of a cluster of this kind.</summary>
    public static bool IsForeign(HttpRequest request) =>
        request.Headers.Authorization is { Count: 1 } header && header.ToString() is var text
        && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && AccessTokenVerifier.IsForeign(text["Bearer ".Length..].Trim());

    private Authentication Classify(AccessToken token, TokenService tokenService)
    {
        if (token.Tenant != tokenService.Tenant.Name)
        {
            return Authentication.Refused(null, "wrong audience: the token is one of another tenant");
        }

        if (token.Service != tokenService.Service)
        {
            return Authentication.Refused(token, $"wrong audience: the token is for {token.Service}");
        }

        return NotNow(token, time.GetUtcNow(), token.Use.IsOn(time)) is { } reason
            ? Authentication.Refused(token, reason) : new Authentication(AuthenticationStatus.Good, token);
    }

    /// <summary>Why a token does not count at a time; <c>null</c> when it does.</summary>
    /// <param name="token">The token.</param>
    /// <param name="now">The time here.</param>
    /// <param name="isInUse">Whether what it began has not ended.</param>
    internal static string? NotNow(AccessToken token, DateTimeOffset now, bool isInUse) =>
        now < token.NotBefore - Skew ? $"not valid yet: the token begins at {token.NotBefore:u}, and it is {now:u} here"
        : now < token.Expires || (now < token.IssuedAt + ContinuationLimit && isInUse) ? null
        : $"expired: the token ended at {token.Expires:u}, and it is {now:u} here";
}

/// <summary>What a request's credentials are worth.</summary>
/// <param name="Status">Whether they are good.</param>
/// <param name="Token">The token; of one that is not good, if it is one of this tenant that the cluster signed.</param>
/// <param name="Reason">Why they are not good, for operators.</param>
internal readonly record struct Authentication(AuthenticationStatus Status, AccessToken? Token, string? Reason = null)
{
    public static Authentication Missing => new(AuthenticationStatus.Missing, null);

    public static Authentication Refused(AccessToken? token, string reason) => new(AuthenticationStatus.Invalid, token, reason);

    public static Authentication Ambiguous => new(AuthenticationStatus.Ambiguous, null);
}

internal enum AuthenticationStatus
{
    Good,
    Missing,
    Invalid,

    /// <summary>More than one Authorization header.</summary>
    Ambiguous,
}

/// <summary>
/// Tokens verified already, so that a signature is checked once per token and gateway. Of one that has to go while something runs by it,
/// that is remembered: verified again it is the same token to who pulls by it.
/// </summary>
internal sealed class AccessTokenCache
{
    /// <summary>How many tokens are kept.</summary>
    private const int Capacity = 20_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Of how many that had to go it is remembered what runs by them.</summary>
    private const int UseCapacity = 20_000;

    /// <summary>What that may weigh, in bytes.</summary>
    private const int UseMaxBytes = 8 * 1024 * 1024;

    private readonly WeighedCache<string, AccessToken> _tokens;
    private readonly WeighedCache<UInt128, TokenUse> _uses = new(UseCapacity, UseMaxBytes, static (_, _) => 48);
    private int _keys;

    public AccessTokenCache(TimeProvider time) => _tokens = new(Capacity, MaxBytes, Weigh, (text, token) =>
    {
        if (token.Use.IsOn(time))
        {
            _uses.Set(KeyOf(text), token.Use);
        }
    });

    /// <summary>
    /// The token of an Authorization header, verified now or before; <c>null</c> when it is not one of ours. Kept under the token alone,
    /// however its header is written, and looked up without a copy of it.
    /// </summary>
    public AccessToken? Get(string header, FrontDoorMap map)
    {
        var text = header.AsSpan("Bearer ".Length).Trim(" \t");
        if (text.Length > AccessTokenVerifier.MaxLength)
        {
            return null;
        }

        return _tokens.TryGet(text, out var known) ? known : Verify(text.ToString(), map.Verifier);
    }

    public void Clear()
    {
        Interlocked.Increment(ref _keys);
        _tokens.Clear();
    }

    /// <summary>One that was verified with the keys of before is good for this request alone.</summary>
    internal AccessToken? Verify(string text, AccessTokenVerifier verifier)
    {
        var keys = Volatile.Read(ref _keys);
        if (verifier.Verify(text) is not { } verified)
        {
            return null;
        }

        var token = _uses.TryGet(KeyOf(text), out var use) ? verified.With(use) : verified;
        return keys == Volatile.Read(ref _keys) ? _tokens.GetOrAdd(text, () => token) : token;
    }

    private static UInt128 KeyOf(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>Its own text, its texts beside it, and the repositories that it opens.</summary>
    private static long Weigh(string text, AccessToken token) =>
        TextWeight.Of(text) + 450 + (2 * TextWeight.Of(token.Subject))
            + token.Access.Sum(scope => 80 + TextWeight.Of(scope.Repository?.Value ?? ""));
}
