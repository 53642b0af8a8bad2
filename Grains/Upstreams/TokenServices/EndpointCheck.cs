using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// Asks a token endpoint for a token without a scope, as <c>docker login</c> does: no repository that somebody asks for can make it fail,
/// so it tells an endpoint that is away, or refuses the credential, from one that does not like some repositories. There is one for each
/// credential.
/// </summary>
internal sealed class EndpointCheck(TokenExchange exchange, TimeProvider time)
{
    /// <summary>Bad repositories do not make it go out more often than this.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromSeconds(10);

    private readonly SingleFlight<UpstreamFailure?> _flight = new();
    private TimeSpan _goodAt;

    /// <summary>Whether the endpoint was found well with this credential within ten seconds.</summary>
    public bool IsFresh => time.GetSteadyNow() < _goodAt + MinPeriod;

    /// <summary>Asks; why the endpoint, or the credential, is good for nobody, or <c>null</c>.</summary>
    public Task<UpstreamFailure?> Check(string upstream, UpstreamAuthentication authentication) =>
        _flight.Join(() => CheckCore(upstream, authentication));

    private async Task<UpstreamFailure?> CheckCore(string upstream, UpstreamAuthentication authentication)
    {
        var answer = await exchange.ExchangeUnscoped(upstream, authentication);
        if (answer.OfUpstream)
        {
            return answer.Result.Failure;
        }

        _goodAt = time.GetSteadyNow();
        return null;
    }
}
