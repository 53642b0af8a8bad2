using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A DNS server (RFC 1035) that answers as the test says, each question anew and with no time to live.</summary>
internal sealed class NameServer : IAsyncDisposable
{
    private const int TypeA = 1;
    private const int TypeAaaa = 28;

    private readonly Socket _socket;
    private readonly Func<string, AddressFamily, IEnumerable<IPAddress>> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <summary>Serves on a bound UDP socket.</summary>
    public NameServer(Socket socket, Func<string, AddressFamily, IEnumerable<IPAddress>> answer)
    {
        (_socket, _answer) = (socket, answer);
        _serving = Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _socket.Dispose();
    }

    private async Task Serve()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                await _socket.SendToAsync(Answer(buffer.AsSpan(0, received.ReceivedBytes)), received.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        List<string> labels = [];
        var at = 12;
        while (query[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(query.Slice(at + 1, query[at])));
            at += query[at] + 1;
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(query[(at + 1)..]);
        var question = query[12..(at + 5)];
        IPAddress[] addresses = type switch
        {
            TypeA => [.. _answer(string.Join('.', labels).ToLowerInvariant(), AddressFamily.InterNetwork)],
            TypeAaaa => [.. _answer(string.Join('.', labels).ToLowerInvariant(), AddressFamily.InterNetworkV6)],
            _ => [],
        };
        List<byte> reply = [.. query[..2], 0x85, 0x80, 0, 1, 0, (byte)addresses.Length, 0, 0, 0, 0, .. question];
        foreach (var bytes in addresses.Select(address => address.GetAddressBytes()))
        {
            reply.AddRange([0xc0, 12, 0, (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)bytes.Length, .. bytes]);
        }

        return [.. reply];
    }
}
