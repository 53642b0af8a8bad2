namespace RegistryProxy.Protocol;

/// <summary>A request target as it came, split at its first question mark; nothing is decoded.</summary>
public readonly ref struct RawTarget
{
    public RawTarget(ReadOnlySpan<char> target)
    {
        var question = target.IndexOf('?');
        Path = question < 0 ? target : target[..question];
        Query = question < 0 ? [] : target[(question + 1)..];
    }

    /// <summary>The part before the question mark.</summary>
    public ReadOnlySpan<char> Path { get; }

    /// <summary>The part behind the question mark; empty when there is none.</summary>
    public ReadOnlySpan<char> Query { get; }
}
