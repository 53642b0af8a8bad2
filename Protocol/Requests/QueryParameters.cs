namespace RegistryProxy.Protocol;

/// <summary>
/// The query of a request: split on raw <c>&amp;</c> and <c>=</c>, then each part decoded once (application/x-www-form-urlencoded).
/// </summary>
public sealed class QueryParameters
{
    /// <summary>No parameters.</summary>
    public static readonly QueryParameters Empty = new([]);

    private readonly List<KeyValuePair<string, string>> _items;

    private QueryParameters(List<KeyValuePair<string, string>> items) => _items = items;

    /// <summary>
    /// Parses a raw query without its question mark; <c>false</c> on a broken escape, a control character or invalid UTF-8.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> raw, out QueryParameters query)
    {
        query = Empty;
        if (raw.IsEmpty)
        {
            return true;
        }

        List<KeyValuePair<string, string>> items = [];
        foreach (var range in raw.Split('&'))
        {
            var part = raw[range];
            var equals = part.IndexOf('=');
            if (!FormEncoding.TryDecode(equals < 0 ? part : part[..equals], out var key)
                || !FormEncoding.TryDecode(equals < 0 ? [] : part[(equals + 1)..], out var value))
            {
                return false;
            }

            if (key.Length > 0)
            {
                items.Add(new(key, value));
            }
        }

        query = new QueryParameters(items);
        return true;
    }

    /// <summary>The keys, each once.</summary>
    public IEnumerable<string> Keys => _items.Select(item => item.Key).Distinct();

    /// <summary>All values of a key, in order.</summary>
    public IEnumerable<string> All(string key) => _items.Where(item => item.Key == key).Select(item => item.Value);

    /// <summary>The value of a key that may occur once; <c>false</c> when it occurs more often. An absent key is <c>null</c>.</summary>
    public bool TryGetSingle(string key, out string? value)
    {
        value = null;
        foreach (var item in _items)
        {
            if (item.Key == key)
            {
                if (value is not null)
                {
                    return false;
                }

                value = item.Value;
            }
        }

        return true;
    }
}
