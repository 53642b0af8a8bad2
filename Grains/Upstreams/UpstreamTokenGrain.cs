using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Keeping;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// One token for the whole cluster. Questions interleave and share one fetch; a caller that gives up leaves the fetch to the others. The
/// last good grant is used until it expires, whatever happens to the token endpoint meanwhile.
/// </summary>
[GrainType("upstreamtoken")]
[CollectionAgeLimit(Minutes = GrainAges.Small)]
internal sealed class UpstreamTokenGrain(IConfigurationFeed configuration, TokenExchange exchange, Keeper keeper, TimeProvider time)
    : Grain, IUpstreamTokenGrain
{
    /// <summary>How soon gateways ask again for a grant that was refused, to hear of an edited credential.</summary>
    private static readonly TimeSpan RefusedRefresh = TimeSpan.FromSeconds(2);

    private readonly PerStamp<Backoff> _backoffs = new(static () => new Backoff(unreachableCap: TimeSpan.FromSeconds(1)));
    private readonly ReplacementPace _pace = new();
    private KeptState<KeptToken> _kept = null!;
    private UpstreamTokenKey _key;
    private readonly SingleFlights<string, UpstreamGrantResult> _flights = new();

    /// <summary>How the upstream asked when it refused, until a fetch fails; <c>null</c> while it did not.</summary>
    private string[]? _asked;
    private UpstreamGrant? _grant;
    private string _grantStamp = "";
    private long _grantSecret;
    private long _generation;

    /// <summary>The generation of the last grant that was kept: what was asked for before it was changes nothing.</summary>
    private long _newest;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = UpstreamTokenKey.Parse(this.GetPrimaryKeyString());
        _kept = await keeper.Open<KeptToken>("token", this.GetGrainId());
        (_grant, _grantStamp, _grantSecret, _generation) = (_kept.Value.Grant, _kept.Value.Stamp, _kept.Value.SecretVersion, _kept.Value.Generation);
        _newest = _generation;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _grant is null || time.GetUtcNow() >= _grant.Expires ? _kept.Clear() : Task.CompletedTask;

    public async ValueTask<UpstreamGrantResult> GetGrant(CancellationToken cancellation = default)
    {
        var stamp = await Credential.GetStamp();
        var now = time.GetUtcNow();
        if (_grant is { } grant && _grantStamp == stamp && now < grant.Expires)
        {
            if (now >= grant.RefreshAfter && _backoffs.Of(stamp).Current(now) is null)
            {
                Fetch(stamp, anew: false, 0).Ignore();
            }

            return Paced(grant, now);
        }

        return _backoffs.Of(stamp).Current(now) is { } failure
            ? UpstreamGrantResult.Of(failure)
            : await Fetch(stamp, anew: false, 0).WaitAsync(cancellation);
    }

    public ValueTask<UpstreamGrantResult> Replace(long refusedGeneration, CancellationToken cancellation = default) =>
        Replace(refusedGeneration, null, false, cancellation);

    public ValueTask<UpstreamGrantResult> ReplaceAsked(
        long refusedGeneration, string[] challenges, bool wasAccepted, CancellationToken cancellation = default) =>
        Replace(refusedGeneration, challenges, wasAccepted, cancellation);

    private async ValueTask<UpstreamGrantResult> Replace(long refusedGeneration, string[]? challenges, bool wasAccepted, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_grant?.Generation != refusedGeneration || now < _pace.NextAt)
        {
            return await GetGrant(cancellation);
        }

        _pace.Note(now, _grantStamp, wasAccepted);
        _grant = null;
        _asked = challenges is null ? _asked : Shortest(challenges);
        return await Fetch(_grantStamp, anew: true, _grantSecret).WaitAsync(cancellation);
    }

    private IUpstreamCredentialGrain Credential => GrainFactory.GetGrain<IUpstreamCredentialGrain>(_key.Upstream);

    /// <summary>Who asks with an edited credential does not join a fetch with the one before.</summary>
    private Task<UpstreamGrantResult> Fetch(string stamp, bool anew, long refusedSecret) =>
        _flights.Join(stamp, () => FetchCore(anew, refusedSecret));

    private string[]? Shortest(string[] challenges) =>
        configuration.Current.Configuration.Upstreams.TryGetValue(_key.Upstream, out var upstream) ? ChallengeChoice.Shortest(upstream, challenges) : null;

    private async Task<UpstreamGrantResult> FetchCore(bool anew, long refusedSecret)
    {
        // After a failure, whatever it is, it may ask otherwise.
        (var asked, _asked) = (_asked, null);
        var opening = asked is null ? await Credential.Open(anew, refusedSecret) : await Credential.OpenAsked(asked, anew, refusedSecret);
        if (opening.Failure is { } unopened)
        {
            return UpstreamGrantResult.Of(unopened);
        }

        _generation = Math.Max(_generation + 1, time.GetUtcNow().ToUnixTimeMilliseconds());
        var (result, ofUpstream) = await exchange.Exchange(_key, opening, _generation);
        if (result.Grant is { } grant)
        {
            _backoffs.Of(opening.Stamp).Clear();
            if (grant.Generation > _newest)
            {
                _asked ??= asked;
                await Keep(grant, opening);
            }

            await Credential.Report(new TokenCallOutcome(opening.Stamp, ExpiryOf(opening, grant), null, false, _key.Scope));
            return Paced(grant, time.GetUtcNow());
        }

        var failure = ofUpstream ? result.Failure! : Note(result.Failure!, opening.Stamp);
        var closed = await Credential.Report(new TokenCallOutcome(opening.Stamp, null, failure, ofUpstream, _key.Scope));

        // Who limits the rate is left alone for this scope as long as it says, whatever becomes of the others.
        var own = closed is null || failure.Kind == UpstreamFailureKind.Throttled ? Note(failure, opening.Stamp) : null;
        return UpstreamGrantResult.Of(closed ?? own!);
    }

    private async Task Keep(UpstreamGrant grant, UpstreamOpening opening)
    {
        (_grant, _grantStamp, _grantSecret, _newest) = (grant, opening.Stamp, opening.SecretVersion, grant.Generation);
        _pace.Begin(opening.Stamp);
        if (opening.Challenge.Scheme == UpstreamScheme.Bearer && !opening.Secret.IsNone)
        {
            // A token that anybody gets is not worth a record: strangers would name the repositories.
            _kept.Value = KeptToken.Of(grant, opening.Stamp, opening.SecretVersion);
            await _kept.Write();
        }
    }

    private UpstreamFailure Note(UpstreamFailure failure, string stamp) => _backoffs.Of(stamp).Note(failure, time.GetUtcNow());

    /// <summary>What operators read: the end of an issued secret where the grant is that secret, none for a password that lies somewhere.</summary>
    private static DateTimeOffset? ExpiryOf(UpstreamOpening opening, UpstreamGrant grant) => opening.Challenge.Scheme switch
    {
        UpstreamScheme.Bearer => grant.Expires,
        UpstreamScheme.Basic => opening.SecretExpires,
        _ => null,
    };

    /// <summary>What the gateways are told of a grant whose scope is refused for now.</summary>
    private UpstreamGrantResult Paced(UpstreamGrant grant, DateTimeOffset now)
    {
        if (now >= _pace.NextAt)
        {
            return UpstreamGrantResult.Of(grant with { ReplaceableFrom = _pace.NextAt });
        }

        var soon = now + RefusedRefresh;
        return UpstreamGrantResult.Of(grant with { ReplaceableFrom = _pace.NextAt, RefreshAfter = soon < grant.RefreshAfter ? soon : grant.RefreshAfter });
    }
}
