using System.Net;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>Reads an upstream's secret whenever it is needed, asks the upstream once how it wants to be opened, and keeps what operators ask about.</summary>
internal sealed class UpstreamCredentialGrain(IConfigurationFeed configuration, UpstreamTokenClient client, TimeProvider time)
    : Grain, IUpstreamCredentialGrain, IUpstreamStatusGrain
{
    private static readonly TimeSpan ChallengeLife = TimeSpan.FromMinutes(10);

    private readonly UpstreamHealth _health = new();
    private readonly CredentialSource _source = new(time);
    private Task<UpstreamOpening>? _flight;
    private UpstreamOpening? _known;
    private DateTimeOffset _knownUntil;

    private string Name => this.GetPrimaryKeyString();

    public async ValueTask<UpstreamOpening> Open(bool anew)
    {
        if (await Credential() is not { Upstream: { } upstream } credential)
        {
            return UpstreamOpening.Failed(Misconfigured("is not configured any more"), "");
        }

        if (credential.Problem is { } problem)
        {
            return UpstreamOpening.Failed(Misconfigured(problem), credential.Stamp);
        }

        if (!anew && _known is { } known && known.Stamp == credential.Stamp && time.GetUtcNow() < _knownUntil)
        {
            return known;
        }

        _flight = _flight is { IsCompleted: false } flight ? flight : Ask(upstream, credential);
        return await _flight;
    }

    public async ValueTask<string> GetStamp() => (await Credential()).Stamp;

    public ValueTask Report(DateTimeOffset? expires, UpstreamFailure? failure, DateTimeOffset? retryAt)
    {
        _health.Note(time.GetUtcNow(), expires, failure, retryAt);
        return ValueTask.CompletedTask;
    }

    public ValueTask<UpstreamStatus> Describe(CancellationToken cancellation = default) => new(_health.Describe(
        Name,
        configuration.Current.Configuration.Upstreams.GetValueOrDefault(Name)?.Credentials.Type ?? "unknown",
        (_known?.Scheme ?? UpstreamScheme.Unknown).ToString().ToLowerInvariant(),
        time.GetUtcNow()));

    private async Task<UpstreamOpening> Ask(UpstreamConfiguration upstream, ReadCredential credential)
    {
        var opening = await Ping(upstream, credential);
        if (opening.Failure is null)
        {
            _known = opening;
            _knownUntil = time.GetUtcNow() + ChallengeLife;
        }

        return opening;
    }

    private async Task<UpstreamOpening> Ping(UpstreamConfiguration upstream, ReadCredential credential)
    {
        PingReply reply;
        try
        {
            reply = await client.Ping(upstream.Url, upstream.AllowPrivate);
        }
        catch (Exception fault) when (UpstreamFaults.IsExpected(fault))
        {
            return UpstreamOpening.Failed(UpstreamFaults.From(upstream.Name, fault), credential.Stamp);
        }

        var opening = new UpstreamOpening
        {
            Username = credential.Username,
            Password = credential.Password,
            IdentityToken = credential.IdentityToken,
            AllowPrivate = upstream.AllowPrivate,
            Stamp = credential.Stamp,
        };
        return reply.Status switch
        {
            HttpStatusCode.OK => opening with { Scheme = UpstreamScheme.None },
            HttpStatusCode.Unauthorized => Choose(upstream, opening, reply.Challenges),
            >= HttpStatusCode.InternalServerError => UpstreamOpening.Failed(
                new UpstreamFailure(UpstreamFailureKind.Unreachable, $"upstream '{Name}' answered {(int)reply.Status}", 0), credential.Stamp),
            _ => UpstreamOpening.Failed(Misconfigured($"answered {(int)reply.Status} to GET /v2/: its url may not be a registry"), credential.Stamp),
        };
    }

    private UpstreamOpening Choose(UpstreamConfiguration upstream, UpstreamOpening opening, IReadOnlyList<Challenge> challenges)
    {
        if (challenges.FirstOrDefault(challenge => challenge.IsBearer) is { } bearer)
        {
            return RealmPolicy.Check(upstream, bearer.Realm) is { } realm
                ? opening with { Scheme = UpstreamScheme.Bearer, Realm = realm, Service = bearer.Service }
                : UpstreamOpening.Failed(Misconfigured("names a token endpoint that upstreams.*.realms does not list; no credential was sent"), opening.Stamp);
        }

        if (!challenges.Any(challenge => challenge.IsBasic))
        {
            return UpstreamOpening.Failed(Misconfigured("asks for credentials in a way that is neither Bearer nor Basic"), opening.Stamp);
        }

        return opening.Password is null
            ? UpstreamOpening.Failed(
                new UpstreamFailure(UpstreamFailureKind.Refused, $"upstream '{Name}' wants a user name and password: set credentials", 0), opening.Stamp)
            : opening with { Scheme = UpstreamScheme.Basic };
    }

    private async ValueTask<ReadCredential> Credential()
    {
        if (!configuration.Current.Configuration.Upstreams.TryGetValue(Name, out var upstream))
        {
            return new ReadCredential();
        }

        try
        {
            var secret = await _source.Read(upstream);
            return new ReadCredential(
                upstream, secret.Username, secret.Password, secret.IdentityToken,
                UpstreamStamp.Of(upstream, secret.Username, secret.Password ?? secret.IdentityToken), null);
        }
        catch (SecretUnavailableException fault)
        {
            return new ReadCredential(upstream, Problem: $"has no usable secret: {fault.Message}", Stamp: "unavailable");
        }
    }

    private UpstreamFailure Misconfigured(string what) => new(UpstreamFailureKind.Misconfigured, $"upstream '{Name}' {what}", 0);

    private sealed record ReadCredential(
        UpstreamConfiguration? Upstream = null, string Username = "", Secret? Password = null, Secret? IdentityToken = null, string Stamp = "",
        string? Problem = null);
}
