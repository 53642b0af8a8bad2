using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>An upstream that answers with exact bytes, one answer for each connection. For what no server writes.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string, string> _answer;

    /// <param name="answer">The whole answer to a method and target, in Latin-1.</param>
    public RawUpstream(Func<string, string, string> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Accept();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public ConcurrentQueue<string> Requests { get; } = new();

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Serve(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var (head, body) = await ReadHead(stream);
                var line = head.Split(' ', 3);
                await Skip(stream, head, body);
                Requests.Enqueue($"{line[0]} {line[1]}");
                await stream.WriteAsync(Encoding.Latin1.GetBytes(_answer(line[0], line[1])));
            }
            catch (Exception fault) when (fault is IOException or SocketException)
            {
                // The door has gone.
            }
        }
    }

    private static async Task<(string Head, int Body)> ReadHead(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var read = await stream.ReadAsync(buffer);
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            if (text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal) is var end and >= 0)
            {
                return (text.ToString(0, end), text.Length - end - 4);
            }

            if (read == 0)
            {
                throw new IOException("no request");
            }
        }
    }

    private static async Task Skip(NetworkStream stream, string head, int read)
    {
        const string Length = "Content-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        var missing = at < 0 ? 0 : int.Parse(head.AsSpan(at + Length.Length).TrimStart().ToString().Split('\r')[0]) - read;
        var buffer = new byte[16 * 1024];
        while (missing > 0)
        {
            missing -= await stream.ReadAsync(buffer);
        }
    }
}
