using System.Net;
using System.Net.Sockets;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Whether the addresses of a host can be listened on, before it starts: what is wrong then names its key.</summary>
public static class ListenerProbe
{
    /// <summary>The listeners of Kestrel.</summary>
    /// <exception cref="ConfigurationUnusableException">One of them cannot be listened on.</exception>
    public static void Require(HostStart start, params ReadOnlySpan<ListenerKind> kinds)
    {
        foreach (var kind in kinds)
        {
            var (key, address) = kind switch
            {
                ListenerKind.Data => (start.ListenData is null ? "listen.data" : "--listen-data", start.Data),
                ListenerKind.Admin => (start.ListenAdmin is null ? "listen.admin" : "--listen-admin", start.Admin),
                _ => ("listen.peer", start.Peer),
            };
            if (address is not null)
            {
                Require(key, address.ToString().TrimEnd('/'), new IPEndPoint(KestrelListeners.AddressOf(address), address.Port));
            }
        }
    }

    /// <summary>One address; port 0 is always good.</summary>
    /// <exception cref="ConfigurationUnusableException">It cannot be listened on.</exception>
    public static void Require(string key, string name, IPEndPoint address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(address);
        }
        catch (SocketException fault)
        {
            throw new ConfigurationUnusableException(key, $"{name} cannot be listened on: {Reason(fault, address)}");
        }
    }

    private static string Reason(SocketException fault, IPEndPoint address) => fault.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"port {address.Port} is in use by another process",
        SocketError.AccessDenied => $"this process may not use port {address.Port}; ports below 1024 need root or CAP_NET_BIND_SERVICE",
        SocketError.AddressNotAvailable => $"{address.Address} is no address of this machine",
        SocketError.AddressFamilyNotSupported => "this machine has no IPv6",
        _ => fault.Message,
    };
}
