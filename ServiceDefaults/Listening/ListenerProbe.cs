using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// Whether the addresses of a host can be listened on, all of them together, before it starts: what is wrong then names its key.
/// </summary>
public sealed class ListenerProbe
{
    private readonly List<(string Key, IPEndPoint Address)> _own = [];

    /// <summary>The one of a host that is being built.</summary>
    public static ListenerProbe Of(IHostApplicationBuilder builder) =>
        builder.Properties.TryGetValue(typeof(ListenerProbe), out var known)
            ? (ListenerProbe)known
            : (ListenerProbe)(builder.Properties[typeof(ListenerProbe)] = new ListenerProbe());

    /// <summary>The listeners of Kestrel.</summary>
    /// <exception cref="ConfigurationUnusableException">One of them cannot be listened on, or not as its scheme says.</exception>
    public void Require(HostStart start, params ReadOnlySpan<ListenerKind> kinds)
    {
        foreach (var kind in kinds)
        {
            var (key, address, whyNot) = kind switch
            {
                ListenerKind.Data => (start.ListenData is null ? "listen.data" : "--listen-data", start.Data,
                    start.Source.Current.Configuration.Listen.WhyNotData(start.Data)),
                ListenerKind.Admin => (start.ListenAdmin is null ? "listen.admin" : "--listen-admin", start.Admin,
                    ListenConfiguration.WhyNotAdmin(start.Admin)),
                _ => ("listen.peer", start.Peer, null),
            };
            if (whyNot is not null)
            {
                throw new ConfigurationUnusableException(key, whyNot);
            }

            if (address is not null)
            {
                Require(key, address.ToString().TrimEnd('/'), new IPEndPoint(KestrelListeners.AddressOf(address), address.Port));
            }
        }
    }

    /// <summary>One address; port 0 is always good.</summary>
    /// <exception cref="ConfigurationUnusableException">It cannot be listened on.</exception>
    public void Require(string key, string name, IPEndPoint address)
    {
        if (_own.Find(own => AreOne(own.Address, address)) is { Key: { } other })
        {
            throw new ConfigurationUnusableException(
                key, $"{name} cannot be listened on: {other} is port {address.Port} of the same address");
        }

        try
        {
            // As Kestrel opens them: the one of every address takes IPv4, too.
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(address);
        }
        catch (SocketException fault)
        {
            throw new ConfigurationUnusableException(key, $"{name} cannot be listened on: {Reason(fault, address)}");
        }

        _own.Add((key, address));
    }

    private static bool AreOne(IPEndPoint one, IPEndPoint other) =>
        one.Port != 0 && one.Port == other.Port
            && (one.Address.Equals(other.Address) || TakesIn(one.Address, other.Address) || TakesIn(other.Address, one.Address));

    private static bool TakesIn(IPAddress any, IPAddress address) =>
        any.Equals(IPAddress.IPv6Any) || (any.Equals(IPAddress.Any) && address.AddressFamily == AddressFamily.InterNetwork);

    private static string Reason(SocketException fault, IPEndPoint address) => fault.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"port {address.Port} is in use by another process",
        SocketError.AccessDenied => $"this process may not use port {address.Port}; ports below 1024 need root or CAP_NET_BIND_SERVICE",
        SocketError.AddressNotAvailable => $"{address.Address} is no address of this machine",
        SocketError.AddressFamilyNotSupported => "this machine has no IPv6",
        _ => fault.Message,
    };
}
