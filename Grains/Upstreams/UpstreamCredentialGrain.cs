using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Keeping;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// Puts together how an upstream asks and what opens it, backs off the whole upstream when its endpoint fails or refuses the credential,
/// and keeps what operators ask about. What fails for one scope is about that scope, once the credential has proved itself: when another one
/// fails too, a call without a scope decides, and the same call is the first by which an upstream that was given up is tried again.
/// </summary>
[GrainType("upstreamcredential")]
internal sealed class UpstreamCredentialGrain(
    IConfigurationFeed configuration, CredentialSource source, UpstreamTokenClient client, TokenExchange exchange, Keeper keeper, TimeProvider time,
    UpstreamFailureMeter failures, ILogger<UpstreamHealth> logger)
    : Grain, IUpstreamCredentialGrain, IUpstreamStatusGrain
{
    /// <summary>An upstream that is away is tried again this often, so that it is noticed at once when it is back.</summary>
    private static readonly TimeSpan UnreachableCap = TimeSpan.FromSeconds(1);

    private readonly CredentialTrial _trial = new(time);
    private readonly UpstreamProbe _probe = new(client, time);
    private readonly BasicProof _basic = new(client, time);
    private readonly Backoff _backoff = new(UnreachableCap);
    private readonly ScopeFailures _scopes = new();
    private readonly EndpointProof _proof = new(exchange, time);
    private readonly SingleFlights<string, UpstreamFailure?> _doubts = new();
    private UpstreamStamp _stamp = null!;
    private bool _isTurnOfScope;

    private string Name => this.GetPrimaryKeyString();

    private UpstreamHealth Health => field ??= new UpstreamHealth(Name, () => Upstream?.Url.GetLeftPart(UriPartial.Authority) ?? "not configured", failures, logger);

    private UpstreamConfiguration? Upstream => configuration.Current.Configuration.Upstreams.GetValueOrDefault(Name);

    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _stamp = new UpstreamStamp(await StampKey.Of(await keeper.Open<StampKey>("upstream", this.GetGrainId()), time.GetUtcNow()));

    public ValueTask<UpstreamOpening> Open(bool anew, long refusedSecret) => Open(null, anew, refusedSecret);

    public ValueTask<UpstreamOpening> OpenAsked(string[] challenges, bool anew, long refusedSecret) => Open(challenges, anew, refusedSecret);

    private async ValueTask<UpstreamOpening> Open(string[]? asked, bool anew, long refusedSecret)
    {
        if (Upstream is not { } upstream)
        {
            return UpstreamOpening.Failed(Failure(UpstreamFailureKind.Misconfigured, "is not configured any more"), "");
        }

        var credential = ReadCredential.Of(upstream, source, _stamp);
        if (credential.Problem is { } problem)
        {
            return Closed(Failure(UpstreamFailureKind.Misconfigured, $"has no usable secret: {problem.WithoutName}") with
                { Detail = $"upstream '{Name}' has no usable secret: {problem.Message}" }, credential.Stamp);
        }

        var trial = _trial.Wait(credential.Stamp);
        if (!trial.IsCompletedSuccessfully)
        {
            await trial;
            return await Open(asked, anew, refusedSecret);
        }

        if (_backoff.Enter(time.GetUtcNow(), credential.Stamp) is { } waiting)
        {
            return UpstreamOpening.Failed(waiting, credential.Stamp);
        }

        return await _trial.Begin(credential.Stamp, () => Try(upstream, credential, asked, anew, refusedSecret));
    }

    private async Task<UpstreamOpening> Try(UpstreamConfiguration upstream, ReadCredential credential, string[]? asked, bool anew, long refusedSecret)
    {
        var isTrial = _backoff.IsTrial(credential.Stamp);
        var opening = await Open(upstream, credential, asked, anew, refusedSecret);
        if (asked is not null && opening.Failure is not null)
        {
            // One repository must not close what others are open for.
            opening = await Open(upstream, credential, null, anew, refusedSecret);
        }

        var general = !isTrial || asked is null ? opening : await Open(upstream, credential, null, anew: false, 0);
        if (isTrial && await Try(general) is { } given)
        {
            return UpstreamOpening.Failed(given, credential.Stamp);
        }

        if (opening.Failure is not null)
        {
            _trial.End(credential.Stamp, proved: false);
        }

        return opening;
    }

    public ValueTask<string> GetStamp() => new(Upstream is { } upstream ? ReadCredential.Of(upstream, source, _stamp).Stamp : "");

    public ValueTask<UpstreamFailure?> Report(TokenCallOutcome outcome)
    {
        if (outcome is not { OfUpstream: true, Failure: { } failure })
        {
            Proved(outcome.Stamp);
            if (outcome.Failure is { } ofScope)
            {
                Health.FailForOne(time.GetUtcNow(), ofScope);
                return new(ofScope);
            }

            _scopes.Clear();
            Health.Succeed(time.GetUtcNow(), outcome.Expires);
            return new((UpstreamFailure?)null);
        }

        if (!IsOfScope(outcome, failure))
        {
            return new(GiveUp(failure, outcome.Stamp));
        }

        Health.FailForOne(time.GetUtcNow(), failure with { RetryAfterSeconds = 0 });
        return new((UpstreamFailure?)null);
    }

    public ValueTask<UpstreamStatus> Describe(CancellationToken cancellation = default) => new(Health.Describe(
        Upstream?.Credentials.Type ?? "unknown", _probe.Scheme.ToString().ToLowerInvariant(), _backoff.RetryAt, time.GetUtcNow()));

    public ValueTask Seen(string gateway, string? reason) => Noted(new UpstreamSight { Gateway = gateway, Failure = reason });

    public ValueTask Noted(UpstreamSight sight)
    {
        Health.Noted(sight, time.GetUtcNow());
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether a failure leaves the other scopes alone; where that is not sure it is found out meanwhile.</summary>
    private bool IsOfScope(TokenCallOutcome outcome, UpstreamFailure failure)
    {
        if (string.IsNullOrEmpty(outcome.Scope))
        {
            return false;
        }

        var isProven = _trial.IsProven(outcome.Stamp);
        if (!isProven && (failure.Kind == UpstreamFailureKind.Refused || _backoff.IsTrial(outcome.Stamp)))
        {
            return false;
        }

        if (!isProven || _scopes.Note(outcome.Scope, time.GetUtcNow()))
        {
            _doubts.Join(outcome.Stamp, () => _trial.Watch(outcome.Stamp, () => Doubt(outcome.Stamp))).Ignore();
        }

        return true;
    }

    /// <summary>Finds out whether the endpoint is well, and gives the upstream up when it is not.</summary>
    private async Task<UpstreamFailure?> Doubt(string stamp)
    {
        var isKnown = _backoff.Current(time.GetUtcNow(), stamp) is not null || _proof.IsFresh(stamp);
        if (isKnown || Upstream is not { } upstream || ReadCredential.Of(upstream, source, _stamp) is not { } credential || credential.Stamp != stamp)
        {
            _trial.Release(stamp);
            return null;
        }

        var opening = await Open(upstream, credential, null, anew: false, 0);
        if (opening is not { Failure: null, Challenge.Scheme: UpstreamScheme.Bearer })
        {
            _trial.Release(stamp);
            return opening.Failure;
        }

        if (await _proof.Ask(Name, opening) is { } failure)
        {
            return GiveUp(failure, stamp);
        }

        Proved(stamp);
        return null;
    }

    /// <summary>
    /// An upstream that was given up is tried by turns without a scope, and with the one that is asked for: why it is given up again, or
    /// <c>null</c>.
    /// </summary>
    private async Task<UpstreamFailure?> Try(UpstreamOpening general)
    {
        _isTurnOfScope = !_isTurnOfScope;
        if (!_isTurnOfScope || general is not { Failure: null, Challenge.Scheme: UpstreamScheme.Bearer })
        {
            return null;
        }

        if (await _proof.Ask(Name, general) is { } failure)
        {
            return GiveUp(failure, general.Stamp);
        }

        Proved(general.Stamp);
        return null;
    }

    private void Proved(string stamp)
    {
        _backoff.Clear();
        _isTurnOfScope = false;
        _trial.End(stamp, proved: true);
    }

    private UpstreamFailure GiveUp(UpstreamFailure failure, string stamp)
    {
        var noted = Note(failure, stamp);
        Health.Fail(time.GetUtcNow(), noted);
        _trial.End(stamp, proved: false);
        return noted;
    }

    private async Task<UpstreamOpening> Open(
        UpstreamConfiguration upstream, ReadCredential credential, string[]? asked, bool anew, long refusedSecret)
    {
        var issued = credential.Issuer is { } issuer ? Principal(issuer).Get(Name, refusedSecret).AsTask() : Task.FromResult<PrincipalAnswer?>(null)!;
        var answer = await Ask(upstream, asked, anew);
        if (answer.Failure is { } unusable && asked is not null)
        {
            return Closed(unusable, credential.Stamp, isOfAll: false);
        }

        if (answer.Failure is { } failure)
        {
            return Closed(Note(failure, credential.Stamp), credential.Stamp);
        }

        var opening = credential.Open(upstream, answer.Challenge, await issued);
        if (opening.Failure is { } useless)
        {
            opening = Closed(useless, credential.Stamp, asked is null);
        }

        return opening switch
        {
            { Failure: null, Challenge.Scheme: UpstreamScheme.Basic } => await Prove(upstream, credential, opening, asked is null, anew),
            { Failure: not null } when !anew && await issued is not { Failure: not null } => await Open(upstream, credential, asked, anew: true, refusedSecret),
            _ => opening,
        };
    }

    /// <summary>How the upstream asks: as it did in a refusal, or as it does at <c>/v2/</c>.</summary>
    private async ValueTask<ProbeAnswer> Ask(UpstreamConfiguration upstream, string[]? asked, bool anew)
    {
        IReadOnlyList<Challenge> challenges = asked is null ? [] : [.. asked.SelectMany(Challenge.ParseAll)];
        if (challenges.Count > 0)
        {
            return ChallengeChoice.Of(upstream, challenges);
        }

        var general = await _probe.Ask(upstream, anew);
        return asked is not null && general is { Failure: null, Challenge.Scheme: UpstreamScheme.None } ? ChallengeChoice.Of(upstream, challenges) : general;
    }

    /// <summary>A password goes to gateways when the registry takes it; an issued one that it refuses is issued anew.</summary>
    private async Task<UpstreamOpening> Prove(UpstreamConfiguration upstream, ReadCredential credential, UpstreamOpening opening, bool isOfAll, bool anew)
    {
        var failure = await _basic.Ask(upstream, opening, anew);
        if (failure?.Kind == UpstreamFailureKind.Refused && credential.Issuer is { } issuer
            && await Principal(issuer).Get(Name, opening.SecretVersion) is { Secret: { } secret } next && next.Version != opening.SecretVersion)
        {
            opening = opening with { Secret = secret, SecretVersion = next.Version, SecretExpires = next.Expires };
            failure = await _basic.Ask(upstream, opening, anew);
        }

        return failure is null ? opening : Closed(isOfAll ? Note(failure, credential.Stamp) : failure, credential.Stamp, isOfAll);
    }

    private IUpstreamPrincipalGrain Principal(ISecretIssuer issuer) => GrainFactory.GetGrain<IUpstreamPrincipalGrain>(PrincipalKey.Of(issuer));

    private UpstreamFailure Note(UpstreamFailure failure, string stamp) => _backoff.Note(failure, time.GetUtcNow(), stamp);

    private UpstreamOpening Closed(UpstreamFailure failure, string stamp, bool isOfAll = true)
    {
        if (isOfAll)
        {
            Health.Fail(time.GetUtcNow(), failure);
        }
        else
        {
            Health.FailForOne(time.GetUtcNow(), failure);
        }

        return UpstreamOpening.Failed(failure, stamp);
    }

    private UpstreamFailure Failure(UpstreamFailureKind kind, string what) => new(kind, $"upstream '{Name}' {what}", 0);
}
