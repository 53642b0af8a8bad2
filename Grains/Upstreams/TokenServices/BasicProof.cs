using System.Net;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// Shows a registry that asks for a password the one it gets, at <c>/v2/</c>: no token endpoint says whether it is right, and a wrong one
/// must not be sent with every pull. Remembers for ten minutes what was taken. There is one
/// for each credential.
/// </summary>
internal sealed class BasicProof(UpstreamTokenClient client, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>Refusals may be about single repositories: they do not make the proof be repeated more often than this.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromSeconds(10);

    private SingleFlight<UpstreamFailure?> _flight = new();
    private long _of;
    private DateTimeOffset _takenAt = DateTimeOffset.MinValue;
    private DateTimeOffset _shownAt;

    /// <summary>Whether the upstream takes the secret of an opening: <c>null</c>, or why not.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="opening">How it is opened.</param>
    /// <param name="anew">The upstream refused it somewhere.</param>
    public async ValueTask<UpstreamFailure?> Ask(UpstreamConfiguration upstream, UpstreamOpening opening, bool anew)
    {
        if (opening.SecretVersion < _of)
        {
            // Another secret was issued since, of which this one says nothing.
            return await Show(upstream, opening);
        }

        if (opening.SecretVersion > _of)
        {
            (_of, _takenAt, _flight) = (opening.SecretVersion, DateTimeOffset.MinValue, new());
        }

        if (_takenAt > DateTimeOffset.MinValue && time.GetUtcNow() is var now && now < _takenAt + Life && (!anew || now < _shownAt + MinPeriod))
        {
            return null;
        }

        return await _flight.Join(() => Show(upstream, opening));
    }

    private async Task<UpstreamFailure?> Show(UpstreamConfiguration upstream, UpstreamOpening opening)
    {
        HttpStatusCode status;
        _shownAt = opening.SecretVersion == _of ? time.GetUtcNow() : _shownAt;
        try
        {
            status = (await client.Ping(upstream, UpstreamTokenClient.Basic(opening.Secret.Username, opening.Secret.Password!))).Status;
        }
        catch (Exception)
        {
            // No answer says nothing of the password; whoever pulls will see.
            return null;
        }

        if (status == HttpStatusCode.OK && _of == opening.SecretVersion)
        {
            _takenAt = time.GetUtcNow();
        }

        if (status == HttpStatusCode.Unauthorized && _of == opening.SecretVersion)
        {
            _takenAt = DateTimeOffset.MinValue;
        }

        return status == HttpStatusCode.Unauthorized
            ? new(UpstreamFailureKind.Refused, $"upstream '{upstream.Name}' refuses the credentials it is configured with (401)", 0)
            : null;
    }
}
