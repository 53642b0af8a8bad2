using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>What operators are told of an upstream: on its page, and in the log when it begins to fail and when it is well again.</summary>
internal sealed partial class UpstreamHealth(string upstream, Func<string> address, UpstreamFailureMeter failures, ILogger logger)
{
    /// <summary>Reasons of one outage that are logged.</summary>
    private const int MaxReasons = 8;

    /// <summary>From one line about an upstream that flaps to the next.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly UpstreamSights _seen = new(upstream, address);
    private DateTimeOffset? _expires;
    private DateTimeOffset? _lastRefresh;
    private DateTimeOffset? _lastErrorAt;
    private string? _lastError;
    private DateTimeOffset? _retryAt;
    private DateTimeOffset? _failingSince;
    private UpstreamFailureKind _kind;
    private int _failures;
    private readonly HashSet<string> _said = [];
    private DateTimeOffset _logFrom;

    /// <summary>A token was granted, or none is needed.</summary>
    public void Succeed(DateTimeOffset now, DateTimeOffset? expires)
    {
        (_lastRefresh, _retryAt) = (now, null);
        _expires = _expires is { } known && expires is { } next && known > next ? known : expires;
        if (_failingSince is not { } since)
        {
            return;
        }

        failures.Ended(upstream);
        if (_said.Count > 0)
        {
            LogWell(upstream, (long)(now - since).TotalSeconds, _failures, since);
        }

        (_failingSince, _failures) = (null, 0);
        _said.Clear();
    }

    /// <summary>Nothing is known here any more.</summary>
    public Task Leave()
    {
        failures.Ended(upstream);
        return Task.CompletedTask;
    }

    /// <summary>It cannot be opened: for nobody, or for one repository alone.</summary>
    public void Fail(DateTimeOffset now, UpstreamFailure failure, bool isOfAll)
    {
        if (isOfAll)
        {
            Fail(now, failure);
        }
        else
        {
            FailForOne(now, failure);
        }
    }

    /// <summary>It cannot be opened, for nobody.</summary>
    public void Fail(DateTimeOffset now, UpstreamFailure failure)
    {
        FailForOne(now, failure);
        failures.Fails(upstream, failure);
        (_failingSince, _failures) = (_failingSince ?? now, _failures + 1);
        _lastError = _seen.Fails(_failingSince.Value, _failures, failure.Detail);
        var isSaid = failure.Kind == UpstreamFailureKind.Unreachable && _seen.Failed(now);
        if (now >= _logFrom && !isSaid && _said.Count < MaxReasons && _said.Add(failure.Detail))
        {
            LogFails(upstream, address(), _failingSince.Value, _failures, failure.Detail);
            _logFrom = now + Pause;
        }

        _kind = failure.Kind;
    }

    /// <summary>It cannot be opened for one repository; others are not touched.</summary>
    public void FailForOne(DateTimeOffset now, UpstreamFailure failure)
    {
        failures.Count(upstream, failure);

        // A gateway may have told of it with since when, and how often.
        var said = _lastError?.EndsWith(failure.Detail, StringComparison.Ordinal) == true ? _lastError : failure.Detail;
        (_lastError, _lastErrorAt, _retryAt) = (said, now,
            failure.RetryAfterSeconds > 0 ? now.AddSeconds(failure.RetryAfterSeconds) : null);
    }

    /// <summary>A gateway says how its requests fare.</summary>
    public void Noted(UpstreamSight sight, DateTimeOffset now)
    {
        if (_seen.Note(sight, now) is var (at, said) && !(at < _lastErrorAt))
        {
            (_lastError, _lastErrorAt) = (said, at);
        }
    }

    /// <param name="credential">The type of its credentials.</param>
    /// <param name="scheme">How it asks.</param>
    /// <param name="retryAt">Until when nothing is asked of it; <c>null</c> to go by the last failure, whose principal may be
    /// waiting.</param>
    /// <param name="now">The time.</param>
    public UpstreamStatus Describe(string credential, string scheme, DateTimeOffset? retryAt, DateTimeOffset now)
    {
        var (seen, answer, troubles) = (_seen.FailingSince(now), _seen.LastAnswer, _seen.Troubles(now));
        var success = answer > _lastRefresh ? answer : _lastRefresh ?? answer;
        var (storage, part) = (SinceOf(UpstreamTrouble.Storage), SinceOf(UpstreamTrouble.Part));
        var refuses = success is null ? SinceOf(UpstreamTrouble.Refuses) : null;
        return new()
        {
            Upstream = upstream,
            Credential = credential,
            Scheme = scheme,
            Expires = _expires,
            LastRefresh = _lastRefresh,
            LastError = _lastError,
            LastErrorAt = _lastErrorAt,
            Breaker = (retryAt ?? _retryAt) is not { } at ? "closed" : now < at ? "open" : "half-open",
            State = _failingSince is not null && _kind == UpstreamFailureKind.Refused ? "refused"
                : seen is not null || (_failingSince is not null && _kind != UpstreamFailureKind.Throttled) ? "failing"
                : storage is not null ? "storage failing" : part is not null ? "failing in part"
                : _failingSince is not null || SinceOf(UpstreamTrouble.Limited) is not null ? "limited" : refuses is not null ? "refused"
                : success is null ? "never asked" : "healthy",
            LastSuccess = success,
            FailingSince = new[] { _failingSince, seen, storage, part, refuses }.Min(),
            Troubles = troubles,
        };

        DateTimeOffset? SinceOf(string kind) => troubles.FirstOrDefault(trouble => trouble.Kind == kind)?.Since;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) has been failing since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} recovered after {Seconds} s ({Failures} failures since {Since:u})")]
    private partial void LogWell(string upstream, long seconds, int failures, DateTimeOffset since);
}
