using System.Net.Sockets;

namespace RegistryProxy.NodeAgent.Serving;

/// <summary>Tells systemd that the sockets answer (sd_notify(3)), so that kubelet is started behind them.</summary>
internal static class ServiceNotification
{
    private const string Variable = "NOTIFY_SOCKET";

    /// <summary>Says it to whoever asked; nothing where nobody did, or where nobody listens any more.</summary>
    public static void Ready()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 1 } address)
        {
            return;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.SendTo("READY=1"u8, new UnixDomainSocketEndPoint(address[0] == '@' ? $"\0{address[1..]}" : address));
        }
        catch (SocketException fault)
        {
            Console.Error.WriteLine($"systemd could not be notified that the agent is ready: {fault.Message}");
        }
    }
}
