using System.Net.Sockets;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>The socket of the image service behind this one.</summary>
internal sealed class CriChannel : IDisposable
{
    /// <summary>What stands for the socket in an address.</summary>
    public const string Origin = "http://localhost";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly string _socket;
    private readonly TimeProvider _time;

    public CriChannel(AgentSettings settings, TimeProvider time)
    {
        (_socket, _time) = (settings.Runtime.Socket, time);
        Name = $"the image service at unix://{settings.Runtime.Socket}";
        Invoker = new HttpMessageInvoker(UnixConnection.Handler(_socket));
    }

    /// <summary>For people.</summary>
    public string Name { get; }

    public HttpMessageInvoker Invoker { get; init; }

    /// <summary>Waits a moment for the socket; tells why it cannot be reached.</summary>
    public async ValueTask<string?> WhyUnreachable(CancellationToken cancellation)
    {
        var end = _time.GetSteadyNow() + ConnectTimeout;
        while (true)
        {
            try
            {
                using var probe = await UnixConnection.Open(_socket, cancellation);
                return null;
            }
            catch (SocketException fault)
            {
                if (_time.GetSteadyNow() >= end)
                {
                    return $"{Name} does not answer: {fault.Message}";
                }

                await Task.Delay(Pause, _time, cancellation);
            }
        }
    }

    public void Dispose() => Invoker.Dispose();
}
