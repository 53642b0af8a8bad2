using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A TCP relay on loopback.</summary>
internal abstract class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly Uri _target;
    private readonly Task _accepting;

    protected TcpRelay(string target)
    {
        _target = new Uri(target);
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
            Reset(client);
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

    /// <summary>Carries what the client sends until its end.</summary>
    protected abstract Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation);

    /// <summary>Carries what the server sends until its end; an <see cref="IOException"/> resets the client's connection.</summary>
    protected abstract Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation);

    /// <summary>Opens the connection to the server.</summary>
    protected virtual async Task<TcpClient> Connect(string host, int port, CancellationToken cancellation)
    {
        var server = new TcpClient();
        await server.ConnectAsync(host, port, cancellation);
        return server;
    }

    private static void Reset(TcpClient client)
    {
        try
        {
            client.Client.LingerState = new LingerOption(true, 0);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or NullReferenceException)
        {
            // It is closed already.
        }

        client.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                _ = Relay(client);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task Relay(TcpClient client)
    {
        TcpClient? server = null;
        try
        {
            server = await Connect(_target.Host, _target.Port, _stop.Token);
            _clients.Add(server);
            await await Task.WhenAny(
                ToServer(client.GetStream(), server.GetStream(), _stop.Token), ToClient(
                    server.GetStream(), client.GetStream(), _stop.Token));
            client.Dispose();
        }
        catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException)
        {
            Reset(client);
        }

        server?.Dispose();
    }
}
