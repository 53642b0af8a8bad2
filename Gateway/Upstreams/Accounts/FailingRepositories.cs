namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>How far failures are spread over what was asked.</summary>
internal enum FailureSpread
{
    /// <summary>Others were asked since and answered: it is the repository's.</summary>
    None,

    /// <summary>Few repositories failed, and nothing else was asked: it may be theirs, or the host's.</summary>
    Narrow,

    /// <summary>Many repositories failed and none was answered: it is the upstream's.</summary>
    Wide,
}

/// <summary>
/// Tells an upstream that fails from one that fails for some repositories, which any stranger can ask for again and again: it is the
/// upstream when many repositories fail and no other one was asked for since and answered, until that one fails, too.
/// </summary>
internal sealed class FailingRepositories(TimeProvider time)
{
    /// <summary>From so many on they are many.</summary>
    public const int Many = 5;

    /// <summary>Longer than a request waits that waits alone.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer speaks for the upstream.</summary>
    private static readonly TimeSpan Credit = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly (string? Name, long At)[] _failed = new (string?, long)[Many];
    private long? _lastAt;
    private long _failedAt;
    private string? _answered;
    private long _answeredAt;
    private volatile bool _fails;

    /// <summary>A repository failed; how far that is spread.</summary>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    public FailureSpread Note(string scope)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!IsRecent(_lastAt, now))
            {
                _failedAt = now;
            }

            var repository = RepositoryOf(scope);
            ref var slot = ref _failed[IndexOf(repository) is var known and >= 0 ? known : Oldest()];
            slot = (repository.SequenceEqual(slot.Name) ? slot.Name : repository.ToString(), now);
            (_lastAt, _fails) = (now, true);
            _answered = repository.SequenceEqual(_answered) ? null : _answered;
            return _answered is not null && time.GetElapsedTime(_answeredAt, now) < Credit ? FailureSpread.None
                : Array.TrueForAll(_failed, one => one.Name is not null && IsRecent(one.At, now)) ? FailureSpread.Wide
                : FailureSpread.Narrow;
        }
    }

    /// <summary>A repository was answered.</summary>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    /// <param name="asked">When: what was asked before the first failure says nothing of what came later.</param>
    public void Answered(string scope, long asked)
    {
        // While nothing fails nothing is noted.
        if (!_fails)
        {
            return;
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!IsRecent(_lastAt, now))
            {
                _fails = false;
                return;
            }

            var repository = RepositoryOf(scope);
            if (asked < _failedAt || (IndexOf(repository) is var index and >= 0 && IsRecent(_failed[index].At, now)))
            {
                return;
            }

            _answered = repository.SequenceEqual(_answered) ? _answered : repository.ToString();
            _answeredAt = now;
        }
    }

    /// <summary>There was no connection: no answer speaks for the upstream any more.</summary>
    public void Unreachable() => Volatile.Write(ref _answered, null);

    /// <summary>The repository that a scope is about: it has several scopes.</summary>
    public static ReadOnlySpan<char> RepositoryOf(string scope)
    {
        const string Prefix = "repository:";
        var first = scope.AsSpan(0, scope.IndexOf(' ') is var space and >= 0 ? space : scope.Length);
        return first.StartsWith(Prefix, StringComparison.Ordinal) && first.LastIndexOf(':') is var end && end >= Prefix.Length
            ? first[Prefix.Length..end] : first;
    }

    private bool IsRecent(long? since, long now) => since is { } at && time.GetElapsedTime(at, now) < Window;

    private int IndexOf(ReadOnlySpan<char> repository)
    {
        for (var i = 0; i < _failed.Length; i++)
        {
            if (_failed[i].Name is { } name && repository.SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    private int Oldest()
    {
        var oldest = 0;
        for (var i = 1; i < _failed.Length; i++)
        {
            oldest = _failed[i].Name is null || (_failed[oldest].Name is not null && _failed[i].At < _failed[oldest].At) ? i : oldest;
        }

        return oldest;
    }
}
