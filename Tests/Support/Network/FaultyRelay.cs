using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>What a <see cref="FaultyRelay"/> does to requests.</summary>
internal enum Fault
{
    None,

    /// <summary>Answers 503 itself.</summary>
    Unavailable,

    /// <summary>Resets the connection.</summary>
    Reset,

    /// <summary>Takes the request and never answers.</summary>
    Hang,
}

/// <summary>A TCP relay on loopback that fails as it is told, and counts the requests that reached it.</summary>
internal sealed class FaultyRelay(string target) : TcpRelay(target)
{
    private static readonly byte[] Answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"u8.ToArray();

    private int _requests;
    private volatile Fault _fault;

    public int Requests => Volatile.Read(ref _requests);

    public Fault Fault
    {
        get => _fault;
        set => _fault = value;
    }

    protected override async Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 14];
        while (await client.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            // Requests of pulls are short: each arrives in one read.
            Interlocked.Increment(ref _requests);
            switch (_fault)
            {
                case Fault.Unavailable:
                    await client.WriteAsync(Answer, cancellation);
                    break;
                case Fault.Reset:
                    throw new IOException("reset");
                case Fault.Hang:
                    break;
                default:
                    await server.WriteAsync(buffer.AsMemory(0, read), cancellation);
                    break;
            }
        }
    }

    protected override Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation) =>
        server.CopyToAsync(client, cancellation);
}
