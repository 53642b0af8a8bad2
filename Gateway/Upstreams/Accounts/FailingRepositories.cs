namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Tells an upstream that fails from one that fails for a single repository, which any stranger can ask for again and again.
/// </summary>
internal sealed class FailingRepositories(TimeProvider time)
{
    /// <summary>Longer than a request waits that waits alone.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private string? _last;
    private string? _other;
    private long _lastAt;
    private long _otherAt;

    /// <summary>A repository failed; whether another one did, too, of late.</summary>
    public bool Note(string repository)
    {
        lock (_gate)
        {
            if (_last != repository)
            {
                (_other, _otherAt, _last) = (_last, _lastAt, repository);
            }

            _lastAt = time.GetTimestamp();
            return _other is not null && time.GetElapsedTime(_otherAt) < Window;
        }
    }
}
