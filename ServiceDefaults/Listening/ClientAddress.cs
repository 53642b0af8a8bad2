using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// Who is calling: the peer, or, when the peer is a trusted proxy, the rightmost address of <c>X-Forwarded-For</c> that is not one.
/// Nothing else of forwarded headers is used.
/// </summary>
/// <param name="trusted">The networks of <c>listen.trustedProxies</c>.</param>
public sealed class ClientAddress(IReadOnlyList<IPNetwork> trusted)
{
    /// <summary>The address of the client; IPv4 where it is one, and without a zone.</summary>
    public IPAddress? Of(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } peer)
        {
            return null;
        }

        var address = Normal(peer);
        return !IsTrusted(address) || context.Features.Get<ListenerFeature>() is { IsForNobodyKnown: true }
            ? address
            : Forwarded(context.Request.Headers["X-Forwarded-For"], address);
    }

    /// <summary>Whether nobody can read a request on its way here: it came by TLS, over loopback, or through a trusted proxy.</summary>
    public bool IsPrivate(HttpContext context) =>
        ListenerFeature.IsEncrypted(context)
        || context.Features.Get<ListenerFeature>() is { IsFromProxy: true }
        || (context.Connection.RemoteIpAddress is { } peer && Normal(peer) is var address
            && (IPAddress.IsLoopback(address) || IsTrusted(address)));

    /// <summary>One form of each address.</summary>
    internal static IPAddress Normal(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(address.GetAddressBytes())
        : address;

    /// <summary>
    /// From the right, where each proxy adds who came to it. What is no address ends it: what stands left of it is the client's own word.
    /// </summary>
    private IPAddress Forwarded(StringValues lines, IPAddress proxy)
    {
        var address = proxy;
        for (var line = lines.Count - 1; line >= 0; line--)
        {
            for (var rest = lines[line].AsSpan(); !rest.IsEmpty;)
            {
                var comma = rest.LastIndexOf(',');
                var entry = rest[(comma + 1)..].Trim(" \t");
                rest = comma < 0 ? [] : rest[..comma];

                // Empty elements of a list are none (RFC 9110 §5.6.1.2).
                if (entry.IsEmpty)
                {
                    continue;
                }

                if (!ForwardedEntry.TryParse(entry, out var hop))
                {
                    return address;
                }

                address = hop;
                if (!IsTrusted(address))
                {
                    return address;
                }
            }
        }

        return address;
    }

    private bool IsTrusted(IPAddress address)
    {
        foreach (var network in trusted)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
