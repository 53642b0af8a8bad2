namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>
/// Tells a token endpoint that fails for one scope, which any stranger can ask for again and again, from one that may fail for all.
/// </summary>
internal sealed class ScopeFailures
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private string? _scope;
    private DateTimeOffset _at;

    /// <summary>Counts a failure; whether another scope failed within the last minute and none succeeded since.</summary>
    public bool Note(string scope, DateTimeOffset now)
    {
        var isSecond = _scope is { } other && other != scope && now < _at + Window;
        (_scope, _at) = (scope, now);
        return isSecond;
    }

    /// <summary>A token was granted.</summary>
    public void Clear() => _scope = null;
}
