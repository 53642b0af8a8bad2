using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Snapshots;

namespace RegistryProxy.Gateway.Authentication;

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
