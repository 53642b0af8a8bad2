using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// An endpoint whose connections come from another endpoint of this process, for a protocol that was told from their first bytes.
/// </summary>
internal sealed class ConnectionHandover : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    private readonly Channel<ConnectionContext> _passed = Channel.CreateUnbounded<ConnectionContext>(new() { SingleReader = true });

    public EndPoint EndPoint => HandoverEndPoint.Instance;

    /// <summary>Hands a connection over; returns when it has ended.</summary>
    public async Task Pass(ConnectionContext connection)
    {
        var passed = new PassedConnection(connection);
        if (_passed.Writer.TryWrite(passed))
        {
            await passed.Ended;
        }
        else
        {
            connection.Abort();
        }
    }

    public bool CanBind(EndPoint endpoint) => endpoint is HandoverEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _passed.Reader.WaitToReadAsync(cancellationToken) && _passed.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _passed.Writer.TryComplete();
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}

/// <summary>Where a <see cref="ConnectionHandover"/> listens: nowhere else.</summary>
internal sealed class HandoverEndPoint : EndPoint
{
    public static HandoverEndPoint Instance { get; } = new();

    public override string ToString() => "handover";
}
