using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>Asks the upstreams of a route in order, as far as the route falls back on what went wrong.</summary>
internal static class Fallback
{
    /// <summary>
    /// Runs <paramref name="attempt"/> at one upstream after the other until one answers. The error for the client when none does: a
    /// failure says more than an absence, and the first one most.
    /// </summary>
    public static async Task<DistributionError?> Run(Exchange exchange, Func<Task<DistributionError?>> attempt)
    {
        var error = await attempt();
        var told = error;
        for (var next = 1; error is not null && next < exchange.Route.UpstreamCount && exchange.Route.FallsBackOn(error); next++)
        {
            if (exchange.Route.DestinationOf(exchange.Repository, next) is not { } destination)
            {
                continue;
            }

            // The forwarder refuses a response that something was done to.
            exchange.Context.Response.StatusCode = StatusCodes.Status200OK;
            exchange.Context.Response.Headers.Remove("Content-Range");
            exchange.Destination = destination;
            error = await attempt();
            told = error is null || IsAbsence(told!) ? error : told;
        }

        return told;
    }

    private static bool IsAbsence(DistributionError error) => error.Status == StatusCodes.Status404NotFound;
}
