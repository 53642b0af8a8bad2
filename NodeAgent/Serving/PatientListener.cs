using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.NodeAgent.Serving;

/// <summary>A listener on a port that somebody else has: it is tried again until it is this program's.</summary>
/// <param name="endpoint">The port.</param>
/// <param name="bind">Tries it.</param>
/// <param name="logger">Where it is told that it works.</param>
/// <param name="time">The time.</param>
internal sealed partial class PatientListener(
    EndPoint endpoint, Func<CancellationToken, ValueTask<IConnectionListener>> bind, ILogger<PatientListener> logger, TimeProvider time)
    : IConnectionListener
{
    /// <summary>How long after one attempt the next one is.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _over = new();
    private volatile IConnectionListener? _listener;

    public EndPoint EndPoint => endpoint;

    /// <summary>Whether an address cannot be had now, whoever has it.</summary>
    public static bool IsTaken(Exception fault) => fault is AddressInUseException or SocketException;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var listener = _listener ??= await Bound();
            if (_over.IsCancellationRequested)
            {
                // It was bound while this was ended, which has not seen it.
                await listener.UnbindAsync(CancellationToken.None);
            }

            return await listener.AcceptAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            return null;
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _over.CancelAsync();
        await (_listener?.UnbindAsync(cancellationToken) ?? ValueTask.CompletedTask);
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        await (_listener?.DisposeAsync() ?? ValueTask.CompletedTask);
        _over.Dispose();
    }

    private async Task<IConnectionListener> Bound()
    {
        while (true)
        {
            await Task.Delay(Pause, time, _over.Token);
            try
            {
                var listener = await bind(_over.Token);
                LogBound(logger, endpoint);
                return listener;
            }
            catch (Exception fault) when (IsTaken(fault))
            {
                // The warning at the start said who cannot listen where.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Endpoint} is free now and is listened on")]
    private static partial void LogBound(ILogger logger, EndPoint endpoint);
}
