using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Requests;

/// <summary>What a body that cannot be read is to the client.</summary>
internal static class BodyFaults
{
    /// <summary>The error; the connection of HTTP/1 ends with it, since the rest of the body is still to come.</summary>
    public static DistributionError Tell(HttpContext context, BadHttpRequestException fault)
    {
        RequestRules.EndConnection(context);
        return fault is not UnreadableBodyException ? DistributionError.Unsupported("the request could not be read", fault.StatusCode)
            : fault.StatusCode == StatusCodes.Status413PayloadTooLarge ? DistributionError.SizeInvalid(fault.Message, fault.StatusCode)
            : DistributionError.Unsupported(fault.Message, fault.StatusCode);
    }
}
