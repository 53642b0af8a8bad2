using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>What operators are told of an upstream.</summary>
internal sealed class UpstreamHealth
{
    private DateTimeOffset? _expires;
    private DateTimeOffset? _lastRefresh;
    private DateTimeOffset? _lastErrorAt;
    private DateTimeOffset? _retryAt;
    private string? _lastError;

    public void Note(DateTimeOffset now, DateTimeOffset? expires, UpstreamFailure? failure, DateTimeOffset? retryAt)
    {
        if (failure is null)
        {
            _lastRefresh = now;
            _expires = _expires is { } known && expires is { } next && known > next ? known : expires;
        }
        else
        {
            (_lastError, _lastErrorAt) = (failure.Message, now);
        }

        _retryAt = retryAt;
    }

    public UpstreamStatus Describe(string upstream, string credential, string scheme, DateTimeOffset now) => new()
    {
        Upstream = upstream,
        Credential = credential,
        Scheme = scheme,
        Expires = _expires,
        LastRefresh = _lastRefresh,
        LastError = _lastError,
        LastErrorAt = _lastErrorAt,
        Breaker = _retryAt is not { } retryAt ? "closed" : now < retryAt ? "open" : "half-open",
    };
}
