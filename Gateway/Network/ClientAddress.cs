using System.Net;

namespace RegistryProxy.Gateway.Network;

/// <summary>
/// Who is calling: the peer, or, when the peer is a trusted proxy, the rightmost address of <c>X-Forwarded-For</c> that is not one.
/// Nothing else of forwarded headers is used.
/// </summary>
internal sealed class ClientAddress(GatewayOptions options)
{
    public IPAddress? Of(HttpContext context)
    {
        var address = Normal(context.Connection.RemoteIpAddress);
        if (address is null || !IsTrusted(address))
        {
            return address;
        }

        foreach (var hop in context.Request.Headers["X-Forwarded-For"].ToString().Split(',', StringSplitOptions.TrimEntries).Reverse())
        {
            if (!IPAddress.TryParse(hop, out var forwarded))
            {
                break;
            }

            address = Normal(forwarded);
            if (!IsTrusted(address!))
            {
                break;
            }
        }

        return address;
    }

    private bool IsTrusted(IPAddress address) => options.TrustedProxies.Any(network => network.Contains(address));

    private static IPAddress? Normal(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
