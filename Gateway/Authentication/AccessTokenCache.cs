using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Snapshots;

namespace RegistryProxy.Gateway.Authentication;

/// <summary>Tokens verified already, so that a signature is checked once per token and gateway.</summary>
internal sealed class AccessTokenCache
{
    /// <summary>How many tokens are kept.</summary>
    private const int Capacity = 20_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    private readonly WeighedCache<string, AccessToken> _tokens = new(Capacity, MaxBytes, Weigh);
    private int _keys;

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

        return _tokens.TryGet(text, out var known) ? known : Verify(text.ToString(), map);
    }

    public void Clear()
    {
        Interlocked.Increment(ref _keys);
        _tokens.Clear();
    }

    /// <summary>One that was verified with the keys of before is good for this request alone.</summary>
    private AccessToken? Verify(string token, FrontDoorMap map)
    {
        var keys = Volatile.Read(ref _keys);
        return map.Verifier.Verify(token) is not { } verified ? null
            : keys == Volatile.Read(ref _keys) ? _tokens.GetOrAdd(token, () => verified) : verified;
    }

    /// <summary>Its own text, its texts beside it, and the repositories that it opens.</summary>
    private static long Weigh(string text, AccessToken token) =>
        TextWeight.Of(text) + 400 + (2 * TextWeight.Of(token.Subject)) + token.Access.Sum(scope => 80 + TextWeight.Of(scope.Repository?.Value ?? ""));
}
