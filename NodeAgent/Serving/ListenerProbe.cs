using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Serving;

/// <summary>Whether the agent can listen where its settings say, before it starts: what is wrong then names its key.</summary>
internal static class ListenerProbe
{
    /// <summary>The longest path of a socket, in bytes (sun_path of unix(7), less its end).</summary>
    private const int MaxSocketPath = 107;

    /// <summary>The first problem without whose solution kubelet could not be served; <c>null</c> when there is none.</summary>
    public static string? Find(AgentSettings settings) =>
        Unix("listen", settings.Listen)
        ?? Unix("listen (agent.sock beside it)", settings.ControlSocket);

    /// <summary>
    /// What an agent that serves kubelet starts with all the same: a port that somebody else has now, an authority that cannot be read.
    /// </summary>
    public static IEnumerable<string> Warnings(AgentSettings settings) => Ports(settings, Tcp).Concat(
        settings.FrontDoors.Where(door => door.CaFile is not null)
            .Select(door => Authorities.Problem(door.CaFile!, $"ca of {door.Url}: {door.CaFile}")).OfType<string>());

    /// <summary>What is wrong with the ports of the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="ask">Why a key's port cannot be listened on; <c>null</c> when it can.</param>
    public static IEnumerable<string> Ports(AgentSettings settings, Func<string, Uri, string?> ask) => new[]
    {
        settings.Mirror is { } mirror ? ask("mirror.listen", mirror.Listen) : null,
        settings.Health is { } health ? ask("health", health) : null,
        settings is { Mirror.Listen: { } one, Health: { } other } && AreOne(EndOf(one), EndOf(other))
            ? $"health: {other.ToString().TrimEnd('/')} cannot be listened on: mirror.listen is port {other.Port} of the same address"
            : null,
    }.OfType<string>();

    /// <summary>Keeps other agents away from the folder of the sockets.</summary>
    public static IDisposable? TakeFolder(AgentSettings settings, out string? problem)
    {
        var folder = Path.GetDirectoryName(settings.ControlSocket)!;
        try
        {
            var taken = SocketLock.TryTake(folder);
            problem = taken is null ? $"listen: unix://{settings.Listen} cannot be listened on: another agent serves in {folder}" : null;
            return taken;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            problem = $"listen: unix://{settings.Listen} cannot be listened on: {fault.Message}";
            return null;
        }
    }

    private static string? Unix(string key, string path)
    {
        var socket = new SocketFile(path);
        if (Encoding.UTF8.GetByteCount(socket.Temporary) > MaxSocketPath)
        {
            return $"{key}: unix://{path} cannot be listened on: the path is too long for a socket";
        }

        try
        {
            socket.Prepare();
            if (socket.WhyTaken() is { } why)
            {
                return $"{key}: unix://{path} cannot be listened on: {why}";
            }

            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Bind(new UnixDomainSocketEndPoint(socket.Temporary));
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SocketException)
        {
            return $"{key}: unix://{path} cannot be listened on: {fault.Message}";
        }
        finally
        {
            socket.Withdraw();
        }
    }

    /// <summary>Whether two addresses cannot both be listened on.</summary>
    public static bool AreOne(Uri one, Uri other) => AreOne(EndOf(one), EndOf(other));

    private static IPEndPoint EndOf(Uri address) => new(ListenerExtensions.AddressOf(address), address.Port);

    private static bool AreOne(IPEndPoint one, IPEndPoint other) => one.Port != 0 && one.Port == other.Port
        && (one.Address.Equals(other.Address) || IsAny(one.Address) || IsAny(other.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>Why a port cannot be listened on; <c>null</c> when it can.</summary>
    public static string? Tcp(string key, Uri address)
    {
        var end = EndOf(address);
        try
        {
            using var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(end);
            return null;
        }
        catch (SocketException fault)
        {
            var reason = fault.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"port {end.Port} is in use by another process",
                SocketError.AccessDenied => $"this process may not use port {end.Port}; ports below 1024 need root or CAP_NET_BIND_SERVICE",
                SocketError.AddressNotAvailable => $"{end.Address} is no address of this machine",
                _ => fault.Message,
            };
            return $"{key}: {address.ToString().TrimEnd('/')} cannot be listened on: {reason}";
        }
    }
}
