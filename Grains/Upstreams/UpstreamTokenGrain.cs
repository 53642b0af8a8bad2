using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// One token for the whole cluster. Questions interleave and share one fetch; a caller that gives up leaves the fetch to the others. The
/// last good grant is used until it expires, whatever happens to the token endpoint meanwhile.
/// </summary>
internal sealed class UpstreamTokenGrain(TokenExchange exchange, TimeProvider time) : Grain, IUpstreamTokenGrain
{
    private readonly Backoff _backoff = new();
    private UpstreamTokenKey _key;
    private Task<UpstreamGrantResult>? _flight;
    private UpstreamGrant? _grant;
    private string _grantStamp = "";
    private long _generation;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = UpstreamTokenKey.Parse(this.GetPrimaryKeyString());
        _generation = time.GetUtcNow().ToUnixTimeMilliseconds();
        return Task.CompletedTask;
    }

    public async ValueTask<UpstreamGrantResult> GetGrant(CancellationToken cancellation = default)
    {
        var stamp = await Credential.GetStamp();
        var now = time.GetUtcNow();
        if (_grant is { } grant && _grantStamp == stamp && now < grant.Expires)
        {
            if (now >= grant.RefreshAfter && _backoff.Current(now, stamp) is null)
            {
                Fetch(anew: false).Ignore();
            }

            return UpstreamGrantResult.Of(grant);
        }

        return _backoff.Current(now, stamp) is { } failure
            ? UpstreamGrantResult.Of(failure)
            : await Fetch(anew: false).WaitAsync(cancellation);
    }

    public async ValueTask<UpstreamGrantResult> Replace(long refusedGeneration, CancellationToken cancellation = default)
    {
        if (_grant?.Generation != refusedGeneration)
        {
            return await GetGrant(cancellation);
        }

        _grant = null;
        return await Fetch(anew: true).WaitAsync(cancellation);
    }

    private IUpstreamCredentialGrain Credential => GrainFactory.GetGrain<IUpstreamCredentialGrain>(_key.Upstream);

    private Task<UpstreamGrantResult> Fetch(bool anew) => _flight is { IsCompleted: false } flight ? flight : _flight = FetchCore(anew);

    private async Task<UpstreamGrantResult> FetchCore(bool anew)
    {
        var opening = await Credential.Open(anew);
        var result = opening.Failure is { } closed
            ? UpstreamGrantResult.Of(closed)
            : await exchange.Exchange(_key, opening, ++_generation);
        if (result.Grant is { } grant)
        {
            (_grant, _grantStamp) = (grant, opening.Stamp);
            _backoff.Clear();
            await Credential.Report(grant.Authorization is null ? null : grant.Expires, null, null);
            return result;
        }

        var failure = _backoff.Note(result.Failure!, time.GetUtcNow(), opening.Stamp);
        await Credential.Report(null, failure, _backoff.RetryAt);
        return UpstreamGrantResult.Of(failure);
    }
}
