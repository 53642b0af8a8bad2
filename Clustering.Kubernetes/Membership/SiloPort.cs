using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>The port of another silo.</summary>
internal static class SiloPort
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>Whether somebody takes connections at it.</summary>
    public static async Task<bool> Answers(IPEndPoint silo, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var socket = new Socket(silo.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(silo, either.Token);
            return true;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
