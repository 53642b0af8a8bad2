using BitFaster.Caching.Lru;
using RegistryProxy.Gateway.Snapshots;

namespace RegistryProxy.Gateway.Authentication;

/// <summary>Tokens verified already, so that a signature is checked once per token and gateway.</summary>
internal sealed class AccessTokenCache
{
    /// <summary>How many tokens are kept.</summary>
    private const int Capacity = 20_000;

    private readonly ConcurrentLru<string, AccessToken> _tokens = new(Capacity);

    /// <summary>
    /// The token of an Authorization header, verified now or before; <c>null</c> when it is not one of ours. Kept under the whole header:
    /// connections give the same text each time, and a warm request copies none of it.
    /// </summary>
    public AccessToken? Get(string header, FrontDoorMap map)
    {
        if (_tokens.TryGet(header, out var known))
        {
            return known;
        }

        var verified = map.Verifier.Verify(header["Bearer ".Length..].Trim());
        return verified is null ? null : _tokens.GetOrAdd(header, static (_, token) => token, verified);
    }

    public void Clear() => _tokens.Clear();
}
