using System.Globalization;
using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>What operators are told of an upstream: on its page, and in the log when it begins to fail and when it is well again.</summary>
internal sealed partial class UpstreamHealth(string upstream, Func<string> address, UpstreamFailureMeter failures, ILogger logger)
{
    /// <summary>Of so many gateways what they saw is kept, by the last that told.</summary>
    public const int MaxGateways = 1000;

    /// <summary>Gateways say it again twice a minute; one that died says nothing any more.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(90);

    /// <summary>From one line about an upstream that flaps to the next.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Sight> _seen = [];
    private DateTimeOffset? _expires;
    private DateTimeOffset? _lastRefresh;
    private DateTimeOffset? _lastAnswer;
    private DateTimeOffset? _lastErrorAt;
    private string? _lastError;
    private DateTimeOffset? _retryAt;
    private DateTimeOffset? _failingSince;
    private UpstreamFailureKind _kind;
    private int _failures;
    private bool _isLogged;
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

        if (_isLogged)
        {
            LogWell(upstream, _failures, since);
        }

        (_failingSince, _failures, _isLogged) = (null, 0, false);
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
        (_failingSince, _failures) = (_failingSince ?? now, _failures + 1);
        _lastError = Fails(_failingSince.Value, _failures, failure.Detail);
        var isSaid = failure.Kind == UpstreamFailureKind.Unreachable && _seen.Values.Any(sight => now - sight.FailedAt <= Fresh);
        if ((!_isLogged || _kind != failure.Kind) && now >= _logFrom && !isSaid)
        {
            LogFails(upstream, address(), _failingSince.Value, _failures, failure.Detail);
            (_isLogged, _logFrom) = (true, now + Pause);
        }

        _kind = failure.Kind;
    }

    /// <summary>It cannot be opened for one repository; others are not touched.</summary>
    public void FailForOne(DateTimeOffset now, UpstreamFailure failure)
    {
        failures.Count(upstream, failure);
        (_lastError, _lastErrorAt, _retryAt) = (failure.Detail, now,
            failure.RetryAfterSeconds > 0 ? now.AddSeconds(failure.RetryAfterSeconds) : null);
    }

    /// <summary>A gateway says how its requests fare.</summary>
    public void Noted(UpstreamSight sight, DateTimeOffset now)
    {
        foreach (var gone in _seen.Where(seen => now - seen.Value.At > Fresh).Select(seen => seen.Key).ToList())
        {
            _seen.Remove(gone);
        }

        if (sight.SinceAnswer is { } ago && !(now - ago <= _lastAnswer))
        {
            _lastAnswer = now - ago;
        }

        if (sight.Failure is null)
        {
            _seen.Remove(sight.Gateway);
        }
        else if (_seen.Count < MaxGateways || _seen.ContainsKey(sight.Gateway))
        {
            _seen[sight.Gateway] = new Sight(
                _seen.GetValueOrDefault(sight.Gateway)?.Since ?? now - (sight.FailsFor ?? default), now,
                now - (sight.SinceFailure ?? default));
        }

        if ((sight.Refusal ?? sight.Failure) is not null
            && now - (sight.Refusal is null ? sight.SinceFailure ?? default : default) is var at && !(at <= _lastErrorAt))
        {
            (_lastError, _lastErrorAt) = (Said(sight, now), at);
        }
    }

    /// <summary>What the log of a gateway says.</summary>
    private string Said(UpstreamSight sight, DateTimeOffset now) => sight.Refusal is { } refusal
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"Upstream {upstream} ({address()}) refuses requests since {now - (sight.RefusesFor ?? default):u} " +
            $"(refusals: {Math.Max(sight.Refusals, 1)}): {refusal}")
        : Fails(now - (sight.FailsFor ?? default), Math.Max(sight.Failures, 1), sight.Failure!);

    /// <summary>What the log says.</summary>
    private string Fails(DateTimeOffset since, int failures, string reason) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Upstream {upstream} ({address()}) fails since {since:u} (failures: {failures}): {reason}");

    /// <summary>Since when a gateway sees it fail; <c>null</c> when none does.</summary>
    private DateTimeOffset? FailingSince(DateTimeOffset now) =>
        _seen.Values.Where(sight => now - sight.At <= Fresh).Select(sight => (DateTimeOffset?)sight.Since).Min();

    /// <param name="credential">The type of its credentials.</param>
    /// <param name="scheme">How it asks.</param>
    /// <param name="retryAt">Until when nothing is asked of it; <c>null</c> to go by the last failure, whose principal may be
    /// waiting.</param>
    /// <param name="now">The time.</param>
    public UpstreamStatus Describe(string credential, string scheme, DateTimeOffset? retryAt, DateTimeOffset now)
    {
        var (seen, success) = (FailingSince(now), _lastAnswer > _lastRefresh ? _lastAnswer : _lastRefresh ?? _lastAnswer);
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
            State = _failingSince is not null ? _kind == UpstreamFailureKind.Refused ? "refused" : "failing"
                : seen is not null ? "failing" : success is null ? "never asked" : "healthy",
            LastSuccess = success,
            FailingSince = _failingSince is { } own && !(seen < own) ? own : seen,
        };
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) fails since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Upstream {Upstream} recovered after {Failures} failures since {Since:u}")]
    private partial void LogWell(string upstream, int failures, DateTimeOffset since);

    private sealed record Sight(DateTimeOffset Since, DateTimeOffset At, DateTimeOffset FailedAt);
}
