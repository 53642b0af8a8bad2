using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Tells an upstream that cannot answer from one that says no: what is kept may stand in for the first, never for the second.
/// </summary>
internal static class UpstreamErrorKind
{
    /// <summary>The upstream says that it is not there, or not for us: what was known of it holds no more.</summary>
    public static bool IsRefusal(DistributionError error) =>
        error.IsRefusedUpstream || error.Code == "DENIED" || error.Status == StatusCodes.Status404NotFound;

    public static bool IsOutage(DistributionError error) =>
        !IsRefusal(error) && error.Status is (StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError);
}
