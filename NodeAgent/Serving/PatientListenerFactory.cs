using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace RegistryProxy.NodeAgent.Serving;

/// <summary>
/// Listens on ports as soon as they are free. Nothing of kubelet's comes by a port, so one that somebody else has must not keep the agent
/// from serving kubelet; the sockets are not waited for.
/// </summary>
internal sealed class PatientListenerFactory(
    IOptions<SocketTransportOptions> options, ILoggerFactory logs, TimeProvider time)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets = new(options, logs);

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _sockets.BindAsync(endpoint, cancellationToken);
        }
        catch (Exception fault) when (PatientListener.IsTaken(fault))
        {
            return new PatientListener(
                endpoint, cancellation => _sockets.BindAsync(endpoint, cancellation), logs.CreateLogger<PatientListener>(), time);
        }
    }
}
