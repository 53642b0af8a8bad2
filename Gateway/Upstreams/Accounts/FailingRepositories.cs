namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Tells an upstream that fails from one that fails for some repositories, which any stranger can ask for again and again: failures count when two
/// repositories fail and no other one was asked for since and answered, until that one fails, too.
/// </summary>
internal sealed class FailingRepositories(TimeProvider time)
{
    /// <summary>Longer than a request waits that waits alone.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer speaks for the upstream.</summary>
    private static readonly TimeSpan Credit = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private string? _last;
    private string? _other;
    private long _lastAt;
    private long _otherAt;
    private long _failedAt;
    private string? _answered;
    private long _answeredAt;

    /// <summary>A repository failed; whether that counts against the upstream.</summary>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    public bool Note(string scope)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_last is null || time.GetElapsedTime(_lastAt, now) >= Window)
            {
                _failedAt = now;
            }

            var repository = RepositoryOf(scope);
            if (!repository.SequenceEqual(_last))
            {
                (_other, _otherAt, _last) = (_last, _lastAt, repository.ToString());
            }

            _lastAt = now;
            _answered = repository.SequenceEqual(_answered) ? null : _answered;
            var isAnswered = _answered is not null && time.GetElapsedTime(_answeredAt, now) < Credit;
            return !isAnswered && _other is not null && time.GetElapsedTime(_otherAt, now) < Window;
        }
    }

    /// <summary>A repository was answered.</summary>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    /// <param name="asked">When: what was asked before the first failure says nothing of what came later.</param>
    public void Answered(string scope, long asked)
    {
        // While nothing fails nothing is noted.
        if (Volatile.Read(ref _last) is null || time.GetElapsedTime(Volatile.Read(ref _lastAt)) >= Window || asked < Volatile.Read(ref _failedAt))
        {
            return;
        }

        lock (_gate)
        {
            var repository = RepositoryOf(scope);
            if (repository.SequenceEqual(_last) || repository.SequenceEqual(_other))
            {
                return;
            }

            _answered = repository.SequenceEqual(_answered) ? _answered : repository.ToString();
            _answeredAt = time.GetTimestamp();
        }
    }

    /// <summary>There was no connection: no answer speaks for the upstream any more.</summary>
    public void Unreachable() => Volatile.Write(ref _answered, null);

    /// <summary>The repository that a scope is about: it has several scopes.</summary>
    public static ReadOnlySpan<char> RepositoryOf(string scope)
    {
        const string Prefix = "repository:";
        var first = scope.AsSpan(0, scope.IndexOf(' ') is var space and >= 0 ? space : scope.Length);
        return first.StartsWith(Prefix, StringComparison.Ordinal) && first.LastIndexOf(':') is var end && end >= Prefix.Length ? first[Prefix.Length..end] : first;
    }
}
