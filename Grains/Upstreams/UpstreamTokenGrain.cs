using Orleans.Serialization;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// One token for the whole cluster. Questions interleave and share one fetch; a caller that gives up leaves the fetch to the others. The
/// last good token is used until it expires, whatever happens to the token endpoint meanwhile.
/// </summary>
[GrainType("upstreamtoken")]
[CollectionAgeLimit(Minutes = GrainAges.MaxIdle)]
internal sealed class UpstreamTokenGrain(
    IConfigurationFeed configuration, TokenExchange exchange, UpstreamStateStore states, UpstreamFailureMeter meter,
    TimeProvider time)
    : Grain, IUpstreamTokenGrain
{
    /// <summary>How soon gateways ask again for a token that was refused, to hear of an edited credential.</summary>
    private static readonly TimeSpan RefusedRefresh = TimeSpan.FromSeconds(2);

    private readonly PerStamp<FailureBackoff> _backoffs = new(static () => new FailureBackoff(unreachableCap: TimeSpan.FromSeconds(1)));
    private readonly ReplacementBackoff _backoff = new();
    private StoredUpstreamState<StoredToken> _stored = null!;
    private UpstreamTokenKey _key;
    private readonly SingleFlights<string, UpstreamTokenResult> _flights = new();

    /// <summary>How the upstream asked when it refused, until a fetch fails; <c>null</c> while it did not.</summary>
    private (string Stamp, string[] Challenges)? _asked;
    private UpstreamToken? _token;
    private string _tokenStamp = "";
    private long _tokenSecret;
    private long _generation;

    /// <summary>The generation of the last token that was kept: what was asked for before it was changes nothing.</summary>
    private long _newest;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = UpstreamTokenKey.Parse(this.GetPrimaryKeyString());
        _stored = await states.Open<StoredToken>("token", this.GetGrainId());
        (_tokenStamp, _tokenSecret, _generation) = (_stored.Value.Stamp, _stored.Value.SecretVersion, _stored.Value.Generation);
        _token = _stored.Value.Token is { Origin: null } unplaced ? await Placed(unplaced) : _stored.Value.Token;
        _newest = _generation;
    }

    /// <summary>A token that a former version kept: its stamp says of which definition it is, and that says where.</summary>
    private async Task<UpstreamToken?> Placed(UpstreamToken token)
    {
        try
        {
            return await Credential.OriginOf(_tokenStamp) is { } origin ? token with { Origin = origin } : null;
        }
        catch (Exception fault) when (fault is SerializerException or ArgumentException or OrleansException or TimeoutException)
        {
            // A silo of that version cannot be asked this.
            return null;
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _token is null || time.GetUtcNow() >= _token.Expires ? _stored.Clear() : Task.CompletedTask;

    public async ValueTask<UpstreamTokenResult> GetToken(CancellationToken cancellation = default)
    {
        var stamp = await Credential.GetStamp();
        var now = time.GetUtcNow();
        if (_token is { } token && _tokenStamp == stamp && now < token.Expires)
        {
            if (now >= token.RefreshAfter && _backoffs.Of(stamp).Current(now) is null)
            {
                Fetch(stamp, anew: false, 0).Ignore();
            }

            return WithBackoff(token, now);
        }

        return _backoffs.Of(stamp).Current(now) is { } failure
            ? UpstreamTokenResult.Of(failure)
            : await Fetch(stamp, anew: false, 0).WaitAsync(cancellation);
    }

    public ValueTask<UpstreamTokenResult> Replace(long refusedGeneration, CancellationToken cancellation = default) =>
        Replace(refusedGeneration, null, false, cancellation);

    public ValueTask<UpstreamTokenResult> ReplaceAsked(
        long refusedGeneration, string[] challenges, bool wasAccepted, CancellationToken cancellation = default) =>
        Replace(refusedGeneration, challenges, wasAccepted, cancellation);

    private async ValueTask<UpstreamTokenResult> Replace(
        long refusedGeneration, string[]? challenges, bool wasAccepted, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_token?.Generation != refusedGeneration || now < _backoff.NextAt)
        {
            return await GetToken(cancellation);
        }

        _backoff.Note(now, _tokenStamp, wasAccepted);
        _token = null;
        _asked = challenges is null ? _asked : Shortest(challenges) is { } shortest ? (_tokenStamp, shortest) : null;
        return await Fetch(_tokenStamp, anew: true, _tokenSecret).WaitAsync(cancellation);
    }

    private IUpstreamCredentialGrain Credential => GrainFactory.GetGrain<IUpstreamCredentialGrain>(_key.Upstream);

    /// <summary>Who asks with an edited credential does not join a fetch with the one before.</summary>
    private Task<UpstreamTokenResult> Fetch(string stamp, bool anew, long refusedSecret) =>
        _flights.Join(stamp, () => FetchCore(anew, refusedSecret));

    private string[]? Shortest(string[] challenges) =>
        configuration.Current.Configuration.Upstreams.TryGetValue(_key.Upstream, out var upstream)
            ? ChallengeChoice.Shortest(upstream, challenges) : null;

    private async Task<UpstreamTokenResult> FetchCore(bool anew, long refusedSecret)
    {
        // After a failure, whatever it is, it may ask otherwise.
        (var asked, _asked) = (_asked, null);
        if (asked is not null && asked.Value.Stamp != await Credential.GetStamp())
        {
            // It was edited since: the credential of today is not taken to where the upstream of yesterday sent it.
            (asked, anew, refusedSecret) = (null, false, 0);
        }

        var authentication = asked is null ? await Credential.Open(anew, refusedSecret)
            : await Credential.OpenAsked(asked.Value.Challenges, anew, refusedSecret);
        if (authentication.Failure is { } unopened)
        {
            return UpstreamTokenResult.Of(unopened);
        }

        if (asked is not null && authentication.Stamp != asked.Value.Stamp)
        {
            return await Edited(authentication.Stamp);
        }

        _generation = Math.Max(_generation + 1, time.GetUtcNow().ToUnixTimeMilliseconds());
        var (result, ofUpstream, _) = await exchange.Exchange(_key, authentication, _generation);
        if (result.Token is { } token)
        {
            _backoffs.Of(authentication.Stamp).Clear();
            if (authentication.Challenge.Scheme == UpstreamScheme.Bearer)
            {
                meter.Fetched(_key.Upstream);
            }

            if (token.Generation > _newest)
            {
                _asked ??= asked;
                await Keep(token, authentication);
            }

            await Credential.Report(new TokenCallOutcome(authentication.Stamp, ExpiryOf(authentication, token), null, false, _key.Scope));
            return WithBackoff(token, time.GetUtcNow());
        }

        var failure = result.Failure!;
        var closed = await Credential.Report(new TokenCallOutcome(authentication.Stamp, null, failure, ofUpstream, _key.Scope));
        if (closed is null)
        {
            return UpstreamTokenResult.Of(Note(failure with { IsOfScope = true }, authentication.Stamp));
        }

        if (failure.Kind == UpstreamFailureKind.Throttled)
        {
            // Who limits the rate is left alone for this scope as long as it says, whatever becomes of the others.
            Note(failure, authentication.Stamp);
        }

        return UpstreamTokenResult.Of(closed);
    }

    /// <summary>It was edited in this very moment: what was opened is not used, and nobody waits for how it went.</summary>
    private async Task<UpstreamTokenResult> Edited(string stamp)
    {
        var edited = UpstreamFailure.Edited(_key.Upstream);
        await Credential.Report(new TokenCallOutcome(stamp, null, edited, OfUpstream: true, _key.Scope));
        return UpstreamTokenResult.Of(edited);
    }

    private async Task Keep(UpstreamToken token, UpstreamAuthentication authentication)
    {
        (_token, _tokenStamp, _tokenSecret, _newest) = (token, authentication.Stamp, authentication.SecretVersion, token.Generation);
        _backoff.Begin(authentication.Stamp);
        if (authentication.Challenge.Scheme == UpstreamScheme.Bearer && !authentication.Secret.IsNone)
        {
            // A token that anybody gets is not worth a record: strangers would name the repositories.
            _stored.Value = StoredToken.Of(token, authentication.Stamp, authentication.SecretVersion);
            await _stored.Write();
        }
    }

    private UpstreamFailure Note(UpstreamFailure failure, string stamp) => _backoffs.Of(stamp).Note(failure, time.GetUtcNow());

    /// <summary>
    /// What operators read: the end of an issued secret where the token is that secret, none for a password that lies somewhere.
    /// </summary>
    private static DateTimeOffset? ExpiryOf(UpstreamAuthentication authentication, UpstreamToken token) =>
        authentication.Challenge.Scheme switch
    {
        UpstreamScheme.Bearer => token.Expires,
        UpstreamScheme.Basic => authentication.SecretExpires,
        _ => null,
    };

    /// <summary>What the gateways are told of a token whose scope is refused for now.</summary>
    private UpstreamTokenResult WithBackoff(UpstreamToken token, DateTimeOffset now)
    {
        if (now >= _backoff.NextAt)
        {
            return UpstreamTokenResult.Of(token with { ReplaceableFrom = _backoff.NextAt });
        }

        var soon = now + RefusedRefresh;
        return UpstreamTokenResult.Of(
            token with { ReplaceableFrom = _backoff.NextAt, RefreshAfter = soon < token.RefreshAfter ? soon : token.RefreshAfter });
    }
}
