using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>The upstreams of a request's route in order, as far as the route falls back on what went wrong at the one before.</summary>
internal struct Fallback(Exchange exchange)
{
    private int _asked;

    /// <summary>The error for the client when none answered: a failure says more than an absence, and the first one most.</summary>
    public DistributionError? Told { get; private set; }

    /// <summary>Takes what came of the upstream that was asked; whether the exchange leads to another one now, which is to be asked too.</summary>
    public bool GoesOn(DistributionError? error)
    {
        Told = error is null || Told is null || IsAbsence(Told) ? error : Told;
        while (error is not null && ++_asked < exchange.Route.UpstreamCount && exchange.Route.FallsBackOn(error))
        {
            if (exchange.Route.DestinationOf(exchange.Repository, _asked) is { } destination)
            {
                // The forwarder refuses a response that something was done to.
                exchange.Context.Response.StatusCode = StatusCodes.Status200OK;
                exchange.Context.Response.Headers.Remove("Content-Range");
                exchange.Destination = destination;
                return true;
            }
        }

        return false;
    }

    private static bool IsAbsence(DistributionError error) => error.Status == StatusCodes.Status404NotFound;
}
