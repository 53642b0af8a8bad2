using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A TCP relay on loopback that lets so many bytes a second through towards the client, and can cut what it carries.</summary>
internal sealed class ThrottledProxy : IAsyncDisposable
{
    private const int Slices = 20;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly Uri _target;
    private readonly int _bytesPerSecond;
    private readonly Task _accepting;

    public ThrottledProxy(string target, int bytesPerSecond)
    {
        _target = new Uri(target);
        _bytesPerSecond = bytesPerSecond;
        _listener.Start();
        _accepting = Accept();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public string Authority => new Uri(Url).Authority;

    /// <summary>Resets every connection.</summary>
    public void Cut()
    {
        foreach (var client in _clients)
        {
            client.Client.LingerState = new LingerOption(true, 0);
            client.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await _accepting;
        _stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var server = new TcpClient();
                _clients.Add(client);
                _clients.Add(server);
                _ = Relay(client, server);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task Relay(TcpClient client, TcpClient server)
    {
        try
        {
            await server.ConnectAsync(_target.Host, _target.Port, _stop.Token);
            await Task.WhenAny(
                Copy(client.GetStream(), server.GetStream()), Copy(server.GetStream(), client.GetStream()));
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone; so is the other.
        }

        client.Dispose();
        server.Dispose();
    }

    private async Task Copy(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[Math.Max(1, _bytesPerSecond / Slices)];
        while (await from.ReadAsync(buffer, _stop.Token) is var read and > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            if (read > buffer.Length / 8)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)read / _bytesPerSecond), _stop.Token);
            }
        }
    }
}
