using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Tells an upstream that cannot answer from one that says no: what is kept may stand in for the first, never for the second.</summary>
internal static class Outage
{
    public static bool Is(DistributionError error) =>
        error.Code != "DENIED" && error.Status is (StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError);
}
