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
internal sealed class BasicCredentialCheck(UpstreamTokenClient client, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>Refusals may be about single repositories: they do not make the proof be repeated more often than this.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromSeconds(10);

    private SingleFlight<UpstreamFailure?> _flight = new();
    private long _of;
    private TimeSpan _takenAt;
    private TimeSpan _shownAt;

    /// <summary>Whether the upstream takes the secret of an authentication: <c>null</c>, or why not.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="authentication">How it is opened.</param>
    /// <param name="anew">The upstream refused it somewhere.</param>
    public async ValueTask<UpstreamFailure?> Check(UpstreamConfiguration upstream, UpstreamAuthentication authentication, bool anew)
    {
        if (authentication.SecretVersion < _of)
        {
            // Another secret was issued since, of which this one says nothing.
            return await Show(upstream, authentication);
        }

        if (authentication.SecretVersion > _of)
        {
            (_of, _takenAt, _flight) = (authentication.SecretVersion, default, new());
        }

        if (_takenAt > default(TimeSpan) && time.GetSteadyNow() is var now && now < _takenAt + Life
            && (!anew || now < _shownAt + MinPeriod))
        {
            return null;
        }

        return await _flight.Join(() => Show(upstream, authentication));
    }

    private async Task<UpstreamFailure?> Show(UpstreamConfiguration upstream, UpstreamAuthentication authentication)
    {
        HttpStatusCode status;
        _shownAt = authentication.SecretVersion == _of ? time.GetSteadyNow() : _shownAt;
        try
        {
            status = (await client.Ping(
                upstream, UpstreamTokenClient.Basic(authentication.Secret.Username, authentication.Secret.Password!))).Status;
        }
        catch (Exception)
        {
            // No answer says nothing of the password; whoever pulls will see.
            return null;
        }

        if (status == HttpStatusCode.OK && _of == authentication.SecretVersion)
        {
            _takenAt = time.GetSteadyNow();
        }

        if (status == HttpStatusCode.Unauthorized && _of == authentication.SecretVersion)
        {
            _takenAt = default;
        }

        return status == HttpStatusCode.Unauthorized
            ? new(UpstreamFailureKind.Refused, $"upstream '{upstream.Name}' rejected the configured credentials (401)", 0)
            : null;
    }
}
