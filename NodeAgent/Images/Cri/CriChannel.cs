using System.Net.Sockets;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>The socket of the image service behind this one.</summary>
internal sealed class CriChannel : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly UnixDomainSocketEndPoint _endPoint;
    private readonly TimeProvider _time;

    public CriChannel(AgentSettings settings, TimeProvider time)
    {
        _endPoint = new UnixDomainSocketEndPoint(settings.Runtime.Socket);
        _time = time;
        Name = $"the image service at unix://{settings.Runtime.Socket}";
        Invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, EnableMultipleHttp2Connections = true, ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30), ConnectCallback = async (_, cancellation) => new NetworkStream(await Connect(cancellation), ownsSocket: true),
        });
    }

    /// <summary>For people.</summary>
    public string Name { get; }

    public HttpMessageInvoker Invoker { get; }

    /// <summary>Waits a moment for the socket; tells why it cannot be reached.</summary>
    public async ValueTask<string?> WhyUnreachable(CancellationToken cancellation)
    {
        var end = _time.GetUtcNow() + Patience;
        while (true)
        {
            try
            {
                using var probe = await Connect(cancellation);
                return null;
            }
            catch (SocketException fault)
            {
                if (_time.GetUtcNow() >= end)
                {
                    return $"{Name} does not answer: {fault.Message}";
                }

                await Task.Delay(Pause, _time, cancellation);
            }
        }
    }

    public void Dispose() => Invoker.Dispose();

    private async Task<Socket> Connect(CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(_endPoint, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
