namespace RegistryProxy.Files.Yaml;

/// <summary>
/// Which keys a document may have. Every other one is refused wherever it is asked for, and is for its reader as if it were not there: what
/// a reader learns to read later is refused until it is listed.
/// </summary>
public sealed class KeyRules
{
    /// <summary>The most entries of a list, or of a map whose names are free, where nothing else is said.</summary>
    public const int MaxEntries = 1000;

    private const string Otherwise = "is not for a part that a tenant administers";

    private readonly Dictionary<string, KeyRules> _keys;
    private readonly Func<string, string?> _reason;
    private readonly KeyRules? _each;

    private KeyRules(Dictionary<string, KeyRules> keys, KeyRules? each, Func<string, string?> reason) =>
        (_keys, _each, _reason) = (keys, each, reason);

    /// <summary>Values, lists of values, and maps whose names are free.</summary>
    public static KeyRules Values { get; } = new([], null, static _ => null);

    /// <summary>The most entries of a list or map here.</summary>
    internal int Most { get; private init; } = MaxEntries;

    /// <summary>What holds for the entries of a map whose names are free.</summary>
    internal KeyRules Each => _each ?? this;

    /// <summary>A map, or a list of maps, with these keys.</summary>
    /// <param name="reason">Why another key is refused; <c>null</c> where there is no reason of its own.</param>
    /// <param name="keys">The keys, and what holds below them.</param>
    public static KeyRules Map(Func<string, string?> reason, params IEnumerable<(string Key, KeyRules Below)> keys) =>
        new(keys.ToDictionary(key => key.Key, key => key.Below), null, reason);

    /// <summary>A map of free names to such maps.</summary>
    public static KeyRules Names(KeyRules each) => new([], each, static _ => null);

    /// <summary>The same with so many entries at most.</summary>
    public KeyRules Holding(int most) => new(_keys, _each, _reason) { Most = most };

    /// <summary>What holds below a key; <c>null</c> when it is refused.</summary>
    internal KeyRules? Below(string key) => _keys.GetValueOrDefault(key);

    /// <summary>Why a key is refused.</summary>
    internal string ReasonOf(string key) => _reason(key) ?? Otherwise;
}
