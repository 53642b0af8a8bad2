using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>The upstreams of a request's route in order, as far as the route falls back on what went wrong at the one before.</summary>
internal struct Fallback(RegistryRequest request)
{
    private int _asked;

    /// <summary>The error for the client when none answered: a failure says more than an absence, and the first one most.</summary>
    public DistributionError? Told { get; private set; }

    /// <summary>
    /// Takes what came of the upstream that was asked; whether the request leads to another one now, which is to be asked too.
    /// </summary>
    public bool GoesOn(DistributionError? error)
    {
        Told = error is null || Told is null || IsAbsence(Told) ? error : Told;
        while (error is not null && ++_asked < request.Route.UpstreamCount && request.Route.FallsBackOn(error))
        {
            if (request.Route.DestinationOf(request.Repository, _asked) is { } destination)
            {
                // The forwarder refuses a response that something was done to.
                request.Context.Response.StatusCode = StatusCodes.Status200OK;
                request.Context.Response.Headers.Remove("Content-Range");
                request.Destination = destination;
                return true;
            }
        }

        return false;
    }

    private static bool IsAbsence(DistributionError error) => error.Status == StatusCodes.Status404NotFound;
}
