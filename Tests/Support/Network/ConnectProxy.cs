using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// A strict proxy of the test's own: CONNECT alone, to the names and addresses that the test maps to ports of this machine, with the
/// credentials that the test wants. Or one that answers with exact bytes.
/// </summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string? _reply;

    /// <param name="reply">What it answers to everything, in Latin-1, before it closes; empty for nothing at all while the client
    /// stays.</param>
    public ConnectProxy(string? reply = null)
    {
        _reply = reply;
        _listener.Start();
        _ = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Where targets such as <c>registry.corp:443</c> lead.</summary>
    public ConcurrentDictionary<string, int> Targets { get; } = new();

    /// <summary>User and password, with a colon; <c>null</c> when everybody may come.</summary>
    public string? Credentials { get; set; }

    /// <summary>Targets that were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

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
                var head = await ReadHead(stream);
                var words = head.Split("\r\n")[0].Split(' ');
                Asked.Enqueue(words[1]);
                if (_reply is not null)
                {
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(_reply));
                    await (_reply.Length > 0 ? stream.FlushAsync() : Drain(stream));
                    return;
                }

                await Tunnel(stream, head, words);
            }
            catch (Exception fault) when (fault is IOException or SocketException)
            {
                // One of the two has gone.
            }
        }
    }

    private async Task Tunnel(NetworkStream stream, string head, string[] words)
    {
        var given = Credentials is { } wanted
            ? $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(wanted))}\r\n" : "";
        var status = words is not ["CONNECT", _, "HTTP/1.1"] || !head.Contains($"\r\nHost: {words[1]}\r\n") ? 400
            : !head.Contains(given) ? 407
            : Targets.ContainsKey(words[1]) ? 200 : 503;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Said\r\nVia: test\r\n\r\n"));
        if (status != 200)
        {
            return;
        }

        using var target = new TcpClient();
        await target.ConnectAsync(IPAddress.Loopback, Targets[words[1]]);
        await using var other = target.GetStream();
        await Task.WhenAny(stream.CopyToAsync(other), other.CopyToAsync(stream));
    }

    private static async Task Drain(NetworkStream stream)
    {
        while (await stream.ReadAsync(new byte[1024]) > 0)
        {
            // Says nothing.
        }
    }

    private static async Task<string> ReadHead(NetworkStream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            text.Append(await stream.ReadAsync(one) == 0 ? throw new IOException("no request") : (char)one[0]);
        }

        return text.ToString();
    }
}
