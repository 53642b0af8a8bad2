using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>What operators are told of an upstream.</summary>
internal sealed class UpstreamHealth
{
    private DateTimeOffset? _expires;
    private DateTimeOffset? _lastRefresh;
    private DateTimeOffset? _lastErrorAt;
    private string? _lastError;

    public void Succeed(DateTimeOffset now, DateTimeOffset? expires)
    {
        _lastRefresh = now;
        _expires = _expires is { } known && expires is { } next && known > next ? known : expires;
    }

    public void Fail(DateTimeOffset now, UpstreamFailure failure) => (_lastError, _lastErrorAt) = (failure.Message, now);

    public UpstreamStatus Describe(string upstream, string credential, string scheme, DateTimeOffset? retryAt, DateTimeOffset now) => new()
    {
        Upstream = upstream,
        Credential = credential,
        Scheme = scheme,
        Expires = _expires,
        LastRefresh = _lastRefresh,
        LastError = _lastError,
        LastErrorAt = _lastErrorAt,
        Breaker = retryAt is not { } at ? "closed" : now < at ? "open" : "half-open",
    };
}
