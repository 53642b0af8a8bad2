using BitFaster.Caching.Lru;
using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// The media types that a client takes, as one text that is the same for the same types: Docker sends them in another order each time.
/// </summary>
internal static class AcceptedTypes
{
    private const int Capacity = 1000;

    /// <summary>What came before: a client sends few different ones.</summary>
    private static readonly ConcurrentLru<string, string> Known = new(Capacity);

    public static string KeyOf(StringValues accept) => Known.GetOrAdd(accept.ToString(), Sort);

    private static string Sort(string accept) =>
        string.Join(',', accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
}
