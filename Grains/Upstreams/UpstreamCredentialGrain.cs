using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// Puts together how an upstream asks and what opens it, backs off the whole upstream when its endpoint fails or refuses the credential,
/// and keeps what operators ask about. What fails for one scope is about that scope where a call without one is answered, which decides;
/// the same call is the first by which an upstream that was given up is tried again.
/// </summary>
[GrainType("upstreamcredential")]
internal sealed class UpstreamCredentialGrain(
    IConfigurationFeed configuration, CredentialSource source, UpstreamTokenClient client, TokenExchange exchange,
    UpstreamStateStore states, TimeProvider time, UpstreamHealthRecords health)
    : Grain, IUpstreamCredentialGrain, IUpstreamStatusGrain
{
    /// <summary>How long who asked for a scope waits to hear whether it fails alone: less than a client of the cluster does.</summary>
    private static readonly TimeSpan DoubtLimit = TimeSpan.FromSeconds(2);

    private readonly PerStamp<CredentialState> _states = new(() => new CredentialState(client, exchange, time));
    private readonly UpstreamProbes _probes = new(client, time);
    private UpstreamStamp _stamp = null!;
    private string _current = "";

    private string Name => this.GetPrimaryKeyString();

    private UpstreamHealth Health =>
        field ??= health.Begin(Name, () => Upstream is { } known ? HttpOrigin.Of(known.Url).Serialized : "not configured");

    private UpstreamConfiguration? Upstream => configuration.Current.Configuration.Upstreams.GetValueOrDefault(Name);

    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _stamp = new UpstreamStamp(await StampKey.Of(await states.Open<StampKey>("upstream", this.GetGrainId()), time.GetUtcNow()));

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Health.Leave();

    public ValueTask<UpstreamAuthentication> Open(bool anew, long refusedSecret) => Open(null, anew, refusedSecret);

    public ValueTask<UpstreamAuthentication> OpenAsked(string[] challenges, bool anew, long refusedSecret) =>
        Open(challenges, anew, refusedSecret);

    private async ValueTask<UpstreamAuthentication> Open(string[]? asked, bool anew, long refusedSecret)
    {
        if (Upstream is not { } upstream)
        {
            return UpstreamAuthentication.Failed(Failure(UpstreamFailureKind.Misconfigured, "is not configured any more"), "");
        }

        var credential = Read(upstream);
        if (credential.Problem is { } problem)
        {
            return Closed(Failure(UpstreamFailureKind.Misconfigured, $"has no usable secret: {problem.WithoutName}") with
                { Detail = $"upstream '{Name}' has no usable secret: {problem.Message}" }, credential.Stamp);
        }

        var state = _states.Of(credential.Stamp);
        var trial = state.Trial.Wait();
        if (!trial.IsCompletedSuccessfully)
        {
            await trial;
            return await Open(asked, anew, refusedSecret);
        }

        if (state.Backoff.Enter(time.GetUtcNow()) is { } waiting)
        {
            return UpstreamAuthentication.Failed(waiting, credential.Stamp);
        }

        return await state.Trial.Begin(() => Try(upstream, credential, asked, anew, refusedSecret));
    }

    private async Task<UpstreamAuthentication> Try(
        UpstreamConfiguration upstream, ReadCredential credential, string[]? asked, bool anew, long refusedSecret)
    {
        var state = _states.Of(credential.Stamp);
        var isTrial = state.Backoff.IsTrial;
        var authentication = await Open(upstream, credential, asked, anew, refusedSecret);
        if (asked is not null && authentication.Failure is not null)
        {
            // One repository must not close what others are open for.
            authentication = await Open(upstream, credential, null, anew, refusedSecret);
        }

        var general = !isTrial || asked is null ? authentication : await Open(upstream, credential, null, anew: false, 0);
        if (isTrial && await Try(general) is { } given)
        {
            return UpstreamAuthentication.Failed(given, credential.Stamp);
        }

        if (authentication.Failure is not null)
        {
            state.Trial.End(proved: false);
        }

        return authentication;
    }

    public ValueTask<string> GetStamp() => new(Upstream is { } upstream ? Read(upstream).Stamp : "");

    public ValueTask<string?> OriginOf(string stamp) =>
        new(Upstream is { } upstream && Read(upstream).Stamp == stamp ? HttpOrigin.Of(upstream.Url).ToString() : null);

    public async ValueTask<UpstreamFailure?> Report(TokenCallOutcome outcome)
    {
        _current = Upstream is { } upstream ? Read(upstream).Stamp : "";
        var (state, now) = (_states.Of(outcome.Stamp), time.GetUtcNow());
        if (outcome.Failure is not { } failure)
        {
            state.Proved();
            HealthOf(outcome.Stamp)?.Succeed(now, outcome.Expires);
            return null;
        }

        if (outcome.OfUpstream && !state.MayBeOfScope(outcome.Scope, failure))
        {
            return GiveUp(failure, outcome.Stamp);
        }

        HealthOf(outcome.Stamp)?.FailForOne(now, failure with { RetryAfterSeconds = 0 });
        return outcome.OfUpstream || state.IsDoubtedByRefusal(Upstream?.Credentials is not (null or AnonymousCredentials))
            ? await OfAll(outcome.Stamp) : null;
    }

    public ValueTask<UpstreamStatus> Describe(CancellationToken cancellation = default) => new(health.WithFiles(Health.Describe(
        Upstream?.Credentials.Type ?? "unknown", _probes.SchemeOf(Upstream).ToString()
            .ToLowerInvariant(), _states.Of(_current).Backoff.RetryAt, time.GetUtcNow())));

    public ValueTask Seen(string gateway, string? reason) => Noted(new UpstreamSight { Gateway = gateway, Failure = reason });

    public ValueTask Noted(UpstreamSight sight)
    {
        Health.Noted(sight, time.GetUtcNow());
        return ValueTask.CompletedTask;
    }

    /// <summary>The credential as it lies there now; who waits for a trial of the one before does not any longer.</summary>
    private ReadCredential Read(UpstreamConfiguration upstream)
    {
        var credential = ReadCredential.Of(upstream, source, _stamp);
        if (credential.Stamp != _current)
        {
            _states.Of(_current).Trial.Release();
            _current = credential.Stamp;
        }

        return credential;
    }

    /// <summary>What operators are told; <c>null</c> for a credential that is not used any more, of which they are told nothing.</summary>
    private UpstreamHealth? HealthOf(string stamp) => stamp == _current ? Health : null;

    /// <summary>
    /// Why it fails for all, when that is found out in time; <c>null</c> when it does not, as far as anybody knows.
    /// </summary>
    private async Task<UpstreamFailure?> OfAll(string stamp)
    {
        var state = _states.Of(stamp);
        var doubt = state.Doubts.Join(() => state.Trial.Watch(() => Doubt(stamp)));
        doubt.Ignore();
        await ((Task)doubt).WaitAsync(DoubtLimit, time).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return doubt.IsCompletedSuccessfully ? await doubt : null;
    }

    /// <summary>Finds out whether the endpoint is well, and gives the upstream up when it is not.</summary>
    private async Task<UpstreamFailure?> Doubt(string stamp)
    {
        var state = _states.Of(stamp);
        if (state.Backoff.Current(time.GetUtcNow()) is { } known)
        {
            state.Trial.Release();
            return known;
        }

        if (state.Endpoint.IsFresh || Upstream is not { } upstream || Read(upstream) is not { } credential || credential.Stamp != stamp)
        {
            state.Trial.Release();
            return null;
        }

        var authentication = await Open(upstream, credential, null, anew: false, 0);
        if (authentication is not { Failure: null, Challenge.Scheme: UpstreamScheme.Bearer })
        {
            state.Trial.Release();
            return authentication.Failure;
        }

        if (await state.Endpoint.Check(Name, authentication) is { } failure)
        {
            return GiveUp(failure, stamp);
        }

        state.Proved();
        return null;
    }

    /// <summary>
    /// An upstream that was given up is tried by turns without a scope, and with the one that is asked for: why it is given up again, or
    /// <c>null</c>.
    /// </summary>
    private async Task<UpstreamFailure?> Try(UpstreamAuthentication general)
    {
        var state = _states.Of(general.Stamp);
        state.IsTurnOfScope = !state.IsTurnOfScope;
        if (!state.IsTurnOfScope || general is not { Failure: null, Challenge.Scheme: UpstreamScheme.Bearer })
        {
            return null;
        }

        if (await state.Endpoint.Check(Name, general) is { } failure)
        {
            return GiveUp(failure, general.Stamp);
        }

        state.Proved();
        return null;
    }

    private UpstreamFailure GiveUp(UpstreamFailure failure, string stamp)
    {
        var noted = _states.Of(stamp).GiveUp(failure);
        (noted.IsOfEdit ? null : HealthOf(stamp))?.Fail(time.GetUtcNow(), noted);
        return noted;
    }

    private async Task<UpstreamAuthentication> Open(
        UpstreamConfiguration upstream, ReadCredential credential, string[]? asked, bool anew, long refusedSecret)
    {
        var issued = credential.Issuer is { } issuer ? Principal(issuer).Get(Name, refusedSecret).AsTask()
            : Task.FromResult<PrincipalAnswer?>(null)!;
        var answer = await _probes.Query(upstream, asked, anew);
        if (answer.Failure is { } unusable && asked is not null)
        {
            return Closed(unusable, credential.Stamp, isOfAll: false);
        }

        if (answer.Failure is { } failure)
        {
            return Closed(_states.Of(credential.Stamp).Backoff.Note(failure, time.GetUtcNow()), credential.Stamp);
        }

        var authentication = credential.Open(upstream, answer.Challenge, await issued);
        if (authentication.Failure is { } useless)
        {
            authentication = Closed(useless, credential.Stamp, asked is null);
        }

        return authentication switch
        {
            { Failure: null, Challenge.Scheme: UpstreamScheme.Basic } =>
                await Prove(upstream, credential, authentication, asked is null, anew),
            { Failure: not null } when !anew && await issued is not { Failure: not null } =>
                await Open(upstream, credential, asked, anew: true, refusedSecret),
            _ => authentication,
        };
    }

    /// <summary>A password goes to gateways when the registry takes it; an issued one that it refuses is issued anew.</summary>
    private async Task<UpstreamAuthentication> Prove(
        UpstreamConfiguration upstream, ReadCredential credential, UpstreamAuthentication authentication, bool isOfAll, bool anew)
    {
        var basic = _states.Of(credential.Stamp).Basic;
        var failure = await basic.Check(upstream, authentication, anew);
        if (failure?.Kind == UpstreamFailureKind.Refused && credential.Issuer is { } issuer
            && await Principal(issuer).Get(Name, authentication.SecretVersion) is { Secret: { } secret } next
            && next.Version != authentication.SecretVersion)
        {
            authentication = authentication with { Secret = secret, SecretVersion = next.Version, SecretExpires = next.Expires };
            failure = await basic.Check(upstream, authentication, anew);
        }

        return failure is null ? authentication
            : Closed(isOfAll ? _states.Of(credential.Stamp).Backoff.Note(failure, time.GetUtcNow()) : failure, credential.Stamp, isOfAll);
    }

    private IUpstreamPrincipalGrain Principal(ISecretIssuer issuer) =>
        GrainFactory.GetGrain<IUpstreamPrincipalGrain>(PrincipalKey.Of(issuer));

    private UpstreamAuthentication Closed(UpstreamFailure failure, string stamp, bool isOfAll = true)
    {
        HealthOf(stamp)?.Fail(time.GetUtcNow(), failure, isOfAll);
        return UpstreamAuthentication.Failed(failure, stamp);
    }

    private UpstreamFailure Failure(UpstreamFailureKind kind, string what) => new(kind, $"upstream '{Name}' {what}", 0);
}
