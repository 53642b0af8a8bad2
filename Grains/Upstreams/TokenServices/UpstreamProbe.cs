using System.Net;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>Asks an upstream how it wants to be opened, without any credential, and remembers the answer for ten minutes.</summary>
internal sealed class UpstreamProbe(UpstreamTokenClient client, TimeProvider time)
{
    /// <summary>The longest <c>service</c> of a challenge, in characters; it goes into the query of the token endpoint.</summary>
    public const int MaxService = 1024;

    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>Refusals may be about single repositories: they do not make the probe go out more often than this.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromSeconds(10);

    private SingleFlight<ProbeAnswer> _flight = new();
    private UpstreamChallenge _known = UpstreamChallenge.Unknown;
    private string _of = "";
    private DateTimeOffset _askedAt;

    /// <summary>The scheme of the last good answer.</summary>
    public UpstreamScheme Scheme => _known.Scheme;

    public async ValueTask<ProbeAnswer> Ask(UpstreamConfiguration upstream, bool anew)
    {
        var definition = string.Join('\n', upstream.Realms.Prepend(upstream.Url).Append<object>(upstream.AllowPrivate));
        if (_of == definition && _known.Scheme != UpstreamScheme.Unknown && time.GetUtcNow() < _askedAt + (anew ? MinPeriod : Life))
        {
            return new ProbeAnswer(_known, null);
        }

        if (_of != definition)
        {
            (_of, _known, _flight) = (definition, UpstreamChallenge.Unknown, new());
        }

        return await _flight.Join(() => Keep(upstream, definition));
    }

    private async Task<ProbeAnswer> Keep(UpstreamConfiguration upstream, string definition)
    {
        ProbeAnswer answer;
        try
        {
            answer = Judge(upstream, await client.Ping(upstream.Url, upstream.AllowPrivate));
        }
        catch (Exception fault) when (UpstreamFaults.IsExpected(fault))
        {
            return new ProbeAnswer(UpstreamChallenge.Unknown, UpstreamFaults.From(upstream.Name, fault));
        }

        if (answer.Failure is null && _of == definition)
        {
            (_known, _askedAt) = (answer.Challenge, time.GetUtcNow());
        }

        return answer;
    }

    private static ProbeAnswer Judge(UpstreamConfiguration upstream, PingReply reply) => reply.Status switch
    {
        HttpStatusCode.OK => new(new(UpstreamScheme.None), null),
        HttpStatusCode.Unauthorized => Choose(upstream, reply.Challenges),
        HttpStatusCode.TooManyRequests => Failed(
            upstream, UpstreamFailureKind.Throttled, "limits the rate of requests", (int)Math.Clamp(reply.RetryAfter?.TotalSeconds ?? 0, 0, 300)),
        >= HttpStatusCode.InternalServerError => Failed(upstream, UpstreamFailureKind.Unreachable, $"answered {(int)reply.Status}"),
        _ => Failed(upstream, UpstreamFailureKind.Misconfigured, $"answered {(int)reply.Status} to GET /v2/: its url may not be a registry"),
    };

    private static ProbeAnswer Choose(UpstreamConfiguration upstream, IReadOnlyList<Challenge> challenges)
    {
        if (challenges.FirstOrDefault(challenge => challenge.IsBearer) is { } bearer)
        {
            if (bearer.Service?.Length > MaxService)
            {
                return Failed(upstream, UpstreamFailureKind.Misconfigured, $"names a service of more than {MaxService} characters in its challenge");
            }

            return RealmPolicy.Check(upstream, bearer.Realm) is { } realm
                ? new(new(UpstreamScheme.Bearer, realm, bearer.Service), null)
                : Failed(upstream, UpstreamFailureKind.Misconfigured, "names a token endpoint that upstreams.*.realms does not list; no credential was sent");
        }

        return challenges.Any(challenge => challenge.IsBasic)
            ? new(new(UpstreamScheme.Basic), null)
            : Failed(upstream, UpstreamFailureKind.Misconfigured, "asks for credentials in a way that is neither Bearer nor Basic");
    }

    private static ProbeAnswer Failed(UpstreamConfiguration upstream, UpstreamFailureKind kind, string what, int retryAfter = 0) =>
        new(UpstreamChallenge.Unknown, new UpstreamFailure(kind, $"upstream '{upstream.Name}' {what}", retryAfter));
}

/// <summary>How the upstream wants to be opened, or why that is not known.</summary>
internal sealed record ProbeAnswer(UpstreamChallenge Challenge, UpstreamFailure? Failure);
