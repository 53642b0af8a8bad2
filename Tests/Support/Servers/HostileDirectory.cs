using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A directory server that answers whatever a test wants, well-formed or not.</summary>
internal sealed class HostileDirectory : IDisposable
{
    public const int Bind = 0;
    public const int Search = 3;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<int, int, IEnumerable<byte[]>> _answer;
    private long _sent;

    /// <param name="answer">From a request's id and operation to the messages that answer it.</param>
    public HostileDirectory(Func<int, int, IEnumerable<byte[]>> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes that were sent, or wait in the sockets.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public void Dispose() => _listener.Dispose();

    /// <summary>A message: its id and what it holds.</summary>
    public static byte[] Message(int id, params byte[][] parts) => Value(0x30, [Value(2, Number(id)), .. parts]);

    /// <summary>A result: of a bind 0x61, of a search 0x65.</summary>
    public static byte[] Result(byte tag, params byte[] code) => Value(tag, Value(10, code), Value(4), Value(4));

    /// <summary>An entry with one attribute.</summary>
    public static byte[] Entry(string name, string attribute, params byte[][] values) => Value(
        0x64, Value(4, Text(name)), Value(
            0x30, Value(0x30, Value(4, Text(attribute)), Value(0x31, [.. values.Select(value => Value(4, value))]))));

    /// <summary>A value with a definite length.</summary>
    public static byte[] Value(byte tag, params byte[][] parts)
    {
        var length = parts.Sum(part => part.Length);
        byte[] size = length < 0x80 ? [(byte)length]
            : [0x84, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];
        return [tag, .. size, .. parts.SelectMany(part => part)];
    }

    public static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    /// <summary>As few octets as there can be, the first of which shows the sign (X.690 §8.3.2).</summary>
    private static byte[] Number(int id) => id < 0x80 ? [(byte)id] : [(byte)(id >> 8), (byte)id];

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Serve(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Serve(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await socket.ReceiveAsync(buffer) is var read and > 0)
                {
                    var message = new AsnReader(buffer.AsMemory(0, read), AsnEncodingRules.BER).ReadSequence();
                    message.TryReadInt32(out var id);
                    foreach (var answer in _answer(id, message.PeekTag().TagValue))
                    {
                        Interlocked.Add(ref _sent, answer.Length);
                        await socket.SendAsync(answer);
                    }
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // The client went away.
            }
        }
    }
}
