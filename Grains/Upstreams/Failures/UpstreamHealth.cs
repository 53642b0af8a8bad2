using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>What operators are told of an upstream.</summary>
internal sealed class UpstreamHealth
{
    private DateTimeOffset? _expires;
    private DateTimeOffset? _lastRefresh;
    private DateTimeOffset? _lastErrorAt;
    private string? _lastError;

    private DateTimeOffset? _retryAt;

    public void Succeed(DateTimeOffset now, DateTimeOffset? expires)
    {
        (_lastRefresh, _retryAt) = (now, null);
        _expires = _expires is { } known && expires is { } next && known > next ? known : expires;
    }

    public void Fail(DateTimeOffset now, UpstreamFailure failure) =>
        (_lastError, _lastErrorAt, _retryAt) = (failure.Detail, now, failure.RetryAfterSeconds > 0 ? now.AddSeconds(failure.RetryAfterSeconds) : null);

    /// <param name="upstream">Its name.</param>
    /// <param name="credential">The type of its credentials.</param>
    /// <param name="scheme">How it asks.</param>
    /// <param name="retryAt">Until when nothing is asked of it; <c>null</c> to go by the last failure, whose principal may be waiting.</param>
    /// <param name="now">The time.</param>
    public UpstreamStatus Describe(string upstream, string credential, string scheme, DateTimeOffset? retryAt, DateTimeOffset now) => new()
    {
        Upstream = upstream,
        Credential = credential,
        Scheme = scheme,
        Expires = _expires,
        LastRefresh = _lastRefresh,
        LastError = _lastError,
        LastErrorAt = _lastErrorAt,
        Breaker = (retryAt ?? _retryAt) is not { } at ? "closed" : now < at ? "open" : "half-open",
    };
}
