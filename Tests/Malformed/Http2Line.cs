using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Malformed;

/// <summary>One connection of HTTP/2, frame by frame (RFC 9113 §4), for a client that keeps to no rule.</summary>
internal sealed class Http2Line : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, PushPromise = 5, Ping = 6, GoAway = 7, WindowUpdate =
        8, Continuation = 9;
    public const byte EndStream = 1, Ack = 1, EndHeaders = 4, Padded = 8, WithPriority = 0x20;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream _wire = Stream.Null;
    private Task _reading = Task.CompletedTask;

    /// <summary>How many bytes came back.</summary>
    public long Received { get; private set; }

    /// <summary>Whether the server has ended the connection.</summary>
    public bool HasEnded { get; private set; }

    /// <param name="reads">Whether what comes back is taken from the line.</param>
    public static async Task<Http2Line> Open(Uri server, bool reads = true, bool greets = true)
    {
        var line = new Http2Line();
        await line._socket.ConnectAsync(IPAddress.Loopback, server.Port);
        line._wire = await ClientStream.Over(line._socket, server, SslApplicationProtocol.Http2);
        line._reading = reads ? line.Read() : Task.CompletedTask;
        if (greets)
        {
            await line.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            await line.Send(Frame(Settings, 0, 0));
        }

        return line;
    }

    public static byte[] Frame(byte type, byte flags, int stream, params ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A header list without compression (RFC 7541 §6.2.2).</summary>
    public static byte[] Fields(params (string Name, string Value)[] fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            Text(block, name);
            Text(block, value);
        }

        return block.ToArray();
    }

    /// <summary>The fields that every request has.</summary>
    public static (string, string)[] Request(string path = "/v2/", string method = "GET") =>
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")];

    /// <summary>A request without a body.</summary>
    public static byte[] Get(int stream, string path = "/v2/") => Frame(Headers, EndStream | EndHeaders, stream, Fields(Request(path)));

    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>Sends, unless the server has ended the connection.</summary>
    /// <returns>Whether it could be sent.</returns>
    public async Task<bool> Send(params byte[][] frames)
    {
        try
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            var bytes = frames.Length == 1 ? frames[0] : frames.SelectMany(frame => frame).ToArray();
            await _wire.WriteAsync(bytes, late.Token);
            return !HasEnded;
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
        await _wire.DisposeAsync();
        await _reading;
    }

    private async Task Read()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await _wire.ReadAsync(buffer) is > 0 and var read)
            {
                Received += read;
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // A reset is an end, too.
        }

        HasEnded = true;
    }

    private static void Text(MemoryStream block, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            var rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                block.WriteByte((byte)((rest & 127) | 128));
            }

            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }
}
