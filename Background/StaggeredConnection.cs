using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Background;

/// <summary>
/// Connects to the first of several addresses that accepts (RFC 8305): the families take turns, IPv6 first, and the next one is tried when
/// the one before failed or said nothing for a quarter of a second.
/// </summary>
/// <param name="connect">Connects to one address; a connection that it makes too late is closed.</param>
/// <param name="time">For the pauses.</param>
public sealed class StaggeredConnection(Func<IPEndPoint, CancellationToken, Task<Stream>> connect, TimeProvider time)
{
    /// <summary>Addresses of one host that are tried.</summary>
    public const int MaxAddresses = 8;

    /// <summary>How long one attempt is waited for before the next begins beside it (RFC 8305 §5).</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>By TCP.</summary>
    public static StaggeredConnection Tcp { get; } = new(ConnectTcp, TimeProvider.System);

    /// <summary>Connects.</summary>
    /// <param name="addresses">The addresses of the host; those beyond <see cref="MaxAddresses"/> are not tried.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellation">Ends every attempt.</param>
    /// <exception cref="SocketException">None accepts; the reason of the last one that failed.</exception>
    public async Task<Stream> Open(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellation)
    {
        using var won = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var attempts = new List<Task<Stream>>();
        try
        {
            return await First(new Queue<IPAddress>(InTurns(addresses).Take(MaxAddresses)), port, attempts, won.Token);
        }
        finally
        {
            await won.CancelAsync();
            attempts.ForEach(static late => _ = Abandon(late));
        }
    }

    private async Task<Stream> First(Queue<IPAddress> waiting, int port, List<Task<Stream>> attempts, CancellationToken cancellation)
    {
        Exception? last = null;
        while (waiting.Count > 0 || attempts.Count > 0)
        {
            if (waiting.TryDequeue(out var address))
            {
                attempts.Add(connect(new IPEndPoint(address, port), cancellation));
            }

            if (await Next(attempts, waiting.Count > 0, cancellation) is not { } ended)
            {
                continue;
            }

            attempts.Remove(ended);
            if (ended.IsCompletedSuccessfully)
            {
                return await ended;
            }

            last = ended.Exception?.InnerException;
            cancellation.ThrowIfCancellationRequested();
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>An attempt that has ended; <c>null</c> when it is time for the next.</summary>
    private async Task<Task<Stream>?> Next(List<Task<Stream>> attempts, bool more, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var pause = Task.Delay(more ? AttemptDelay : Timeout.InfiniteTimeSpan, time, stop.Token);
        var ended = await Task.WhenAny([.. attempts, pause]);
        await stop.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        return ended as Task<Stream>;
    }

    /// <summary>IPv6 and IPv4 one after the other, each in the order of the resolver.</summary>
    private static IEnumerable<IPAddress> InTurns(IReadOnlyList<IPAddress> addresses)
    {
        var six = addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6).ToList();
        var four = addresses.Where(address => address.AddressFamily != AddressFamily.InterNetworkV6).ToList();
        for (var i = 0; i < Math.Max(six.Count, four.Count); i++)
        {
            foreach (var address in six.Skip(i).Take(1).Concat(four.Skip(i).Take(1)))
            {
                yield return address;
            }
        }
    }

    /// <summary>Closes a connection that came too late.</summary>
    private static async Task Abandon(Task<Stream> attempt)
    {
        await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (attempt.IsCompletedSuccessfully)
        {
            await (await attempt).DisposeAsync();
        }
    }

    private static async Task<Stream> ConnectTcp(IPEndPoint address, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
