using System.Net;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// Asks an upstream how it wants to be opened, without any credential, and remembers the answer for ten minutes. Refusals of single
/// repositories have it asked anew: when nothing comes of that, what is remembered holds. There is one for each definition.
/// </summary>
internal sealed class UpstreamProbe(UpstreamTokenClient client, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>How long an answer that says nothing is remembered.</summary>
    private static readonly TimeSpan SilentLife = TimeSpan.FromMinutes(1);

    /// <summary>Refusals may be about single repositories: they do not make the probe go out more often than this.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromSeconds(10);

    private readonly SingleFlight<ProbeAnswer> _flight = new();
    private UpstreamChallenge _known = UpstreamChallenge.Unknown;
    private TimeSpan _knownAt;
    private TimeSpan _askedAt;

    /// <summary>The scheme of the last good answer.</summary>
    public UpstreamScheme Scheme => _known.Scheme;

    /// <summary>What of an upstream decides how it asks.</summary>
    public static string DefinitionOf(UpstreamConfiguration upstream) =>
        string.Join('\n', upstream.Realms.Prepend(upstream.Url).Append<object>(upstream.AllowPrivate));

    /// <summary>
    /// Whether an answer to <c>/v2/</c> says nothing of how the registry is to be asked. Static registries have nothing there, and some
    /// that publish a part of a larger one show no more than that: what is asked for says itself how it is to be asked for.
    /// </summary>
    public static bool IsSilent(HttpStatusCode status) => status
        is (> HttpStatusCode.OK and < HttpStatusCode.Ambiguous)
        or (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
            and not (HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout));

    public async ValueTask<ProbeAnswer> Probe(UpstreamConfiguration upstream, bool anew)
    {
        if (Remembered is { } known && (!anew || time.GetSteadyNow() < _askedAt + MinPeriod))
        {
            return known;
        }

        var answer = await _flight.Join(() => Keep(upstream));
        return answer.Failure is null ? answer : Remembered ?? answer;
    }

    private ProbeAnswer? Remembered =>
        _known.Scheme != UpstreamScheme.Unknown && time.GetSteadyNow() < _knownAt + Life ? new ProbeAnswer(_known, null) : null;

    private async Task<ProbeAnswer> Keep(UpstreamConfiguration upstream)
    {
        ProbeAnswer answer;
        _askedAt = time.GetSteadyNow();
        try
        {
            answer = Classify(upstream, await client.Ping(upstream));
        }
        catch (Exception fault)
        {
            return new ProbeAnswer(UpstreamChallenge.Unknown, UpstreamFaults.From(upstream.Name, fault));
        }

        if (answer.IsSilent)
        {
            // What it said before holds, and it is asked again soon.
            var known = _known.Scheme == UpstreamScheme.Unknown ? answer.Challenge : _known;
            (_known, _knownAt) = (known, time.GetSteadyNow() - Life + SilentLife);
            return new ProbeAnswer(known, null);
        }

        if (answer.Failure is null)
        {
            (_known, _knownAt) = (answer.Challenge, time.GetSteadyNow());
        }

        return answer;
    }

    private static ProbeAnswer Classify(UpstreamConfiguration upstream, PingReply reply) => reply.Status switch
    {
        HttpStatusCode.OK => new(new(UpstreamScheme.None), null),
        _ when IsSilent(reply.Status) => new(new(UpstreamScheme.None), null, IsSilent: true),
        HttpStatusCode.Unauthorized => ChallengeChoice.Of(upstream, reply.Challenges),
        HttpStatusCode.TooManyRequests => Failed(
            upstream, UpstreamFailureKind.Throttled, "limits the rate of requests", (int)Math.Clamp(
                reply.RetryAfter?.TotalSeconds ?? 0, 0, 300)),
        >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest when reply.Loops =>
            Failed(upstream, UpstreamFailureKind.Misconfigured,
                $"redirects GET /v2/ more than {UpstreamTokenClient.MaxHops} times on its own host", reply.Redirect),
        >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest =>
            Failed(upstream, UpstreamFailureKind.Misconfigured, "redirects GET /v2/ to another host; its url must name that one",
                reply.Redirect),
        _ => Failed(upstream, UpstreamFailureKind.Unreachable, $"answered {(int)reply.Status}"),
    };

    private static ProbeAnswer Failed(UpstreamConfiguration upstream, UpstreamFailureKind kind, string what, int retryAfter = 0) =>
        ProbeAnswer.Failed(new UpstreamFailure(kind, $"upstream '{upstream.Name}' {what}", retryAfter));

    private static ProbeAnswer Failed(UpstreamConfiguration upstream, UpstreamFailureKind kind, string what, string? target)
    {
        var failure = new UpstreamFailure(kind, $"upstream '{upstream.Name}' {what}", 0);
        return ProbeAnswer.Failed(failure with { Detail = $"{failure.Message}: {target ?? "no address"}" });
    }
}

/// <summary>How the upstream wants to be opened, or why that is not known.</summary>
/// <param name="Challenge">How.</param>
/// <param name="Failure">Why that is not known; <c>null</c> when it is.</param>
/// <param name="IsSilent">Whether it did not say, so that what it said before holds.</param>
internal sealed record ProbeAnswer(UpstreamChallenge Challenge, UpstreamFailure? Failure, bool IsSilent = false)
{
    public static ProbeAnswer Failed(UpstreamFailure failure) => new(UpstreamChallenge.Unknown, failure);
}
