namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>What a failure says of an upstream.</summary>
internal enum FailureReach
{
    /// <summary>It fails, as far as anybody knows.</summary>
    Whole,

    /// <summary>What was asked for fails, and others are answered.</summary>
    Part,

    /// <summary>The same, and so was what was taken for a failure of the whole before: nothing else was asked then.</summary>
    PartFromFirst,
}

/// <summary>
/// Which parts of an upstream fail: what is asked with one scope, as the pulls of a repository, its pushes or the catalog, fails alone
/// while another one is answered that has not failed lately. When many fail it is the upstream. Guarded by itself.
/// </summary>
internal sealed class FailingParts
{
    /// <summary>From so many parts on that have failed lately it is the whole.</summary>
    public const int Many = 8;

    /// <summary>How long an answer speaks for the upstream, and a failure against the part that answered since.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>A part that nobody asks for so long is not known to fail any more.</summary>
    private static readonly TimeSpan Unasked = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly List<Part> _failed = new(Many);
    private (string Scope, TimeSpan At)? _answered;
    private (string Scope, TimeSpan At)? _answeredBefore;
    private string? _takenForWhole;

    /// <summary>A request failed.</summary>
    /// <param name="scope">The scope of the token that it was sent with; <c>null</c> when it is the host that failed.</param>
    /// <param name="now">When.</param>
    public FailureReach Fail(string? scope, TimeSpan now)
    {
        lock (_gate)
        {
            if (scope is null)
            {
                (_answered, _answeredBefore, _takenForWhole) = (null, null, "");
                _failed.Clear();
                return FailureReach.Whole;
            }

            var part = Note(scope, now);
            part.IsAlone = (part.IsAlone || IsAnyAnswered(scope, now)) && _failed.Count(one => now - one.FailedAt <= Window) < Many;
            if (!part.IsAlone)
            {
                _takenForWhole = _takenForWhole is null || _takenForWhole == scope ? scope : "";
                return FailureReach.Whole;
            }

            var isFirst = _takenForWhole == scope;
            _takenForWhole = isFirst ? null : _takenForWhole;
            return isFirst ? FailureReach.PartFromFirst : FailureReach.Part;
        }
    }

    /// <summary>A request was answered; whether no part is known that fails.</summary>
    public bool Answer(string? scope, TimeSpan now)
    {
        lock (_gate)
        {
            if (scope is not null && _answered?.Scope != scope)
            {
                _answeredBefore = _answered;
            }

            _answered = scope is null ? _answered : (scope, now);
            Prune(now);
            foreach (var part in _failed)
            {
                part.HasAnswered |= part.Scope == scope;
            }

            return _failed.TrueForAll(part => part.HasAnswered);
        }
    }

    /// <summary>The whole is well again.</summary>
    public void EndWhole()
    {
        lock (_gate)
        {
            _takenForWhole = null;
        }
    }

    /// <summary>What a scope is about, for operators.</summary>
    public static string NameOf(string scope)
    {
        const string Prefix = "repository:";
        var first = scope.Split(' ', 2)[0];
        return !first.StartsWith(Prefix, StringComparison.Ordinal) || first.LastIndexOf(':') is not (> 10 and var end) ? "the catalog"
            : $"{(first[end..].Contains("push") ? "pushes to " : "")}repository '{first[Prefix.Length..end]}'";
    }

    private Part Note(string scope, TimeSpan now)
    {
        Prune(now);
        if (_failed.Find(part => part.Scope == scope) is not { } known)
        {
            if (_failed.Count == Many)
            {
                _failed.Remove(_failed.MinBy(part => part.FailedAt)!);
            }

            known = new Part(scope);
            _failed.Add(known);
        }

        (known.FailedAt, known.HasAnswered) = (now, false);
        if (_answered?.Scope == scope || _answeredBefore?.Scope == scope)
        {
            // It spoke for the upstream as long as others failed.
            _failed.ForEach(part => part.IsAlone = false);
        }

        return known;
    }

    /// <summary>Whether another part was answered that has not failed lately.</summary>
    private bool IsAnyAnswered(string scope, TimeSpan now) => Speaks(_answered, scope, now) || Speaks(_answeredBefore, scope, now);

    private bool Speaks((string Scope, TimeSpan At)? answer, string failed, TimeSpan now) => answer is var (scope, at)
        && now - at <= Window && scope != failed && !_failed.Exists(part => part.Scope == scope && now - part.FailedAt <= Window);

    private void Prune(TimeSpan now) => _failed.RemoveAll(part => now - part.FailedAt > (part.HasAnswered ? Window : Unasked));

    /// <summary>What is asked with one scope, and has failed.</summary>
    private sealed class Part(string scope)
    {
        public string Scope => scope;

        public TimeSpan FailedAt { get; set; }

        /// <summary>Whether it was answered since.</summary>
        public bool HasAnswered { get; set; }

        /// <summary>Whether it fails alone, for as long as what was answered has not failed.</summary>
        public bool IsAlone { get; set; }
    }
}
