using Microsoft.AspNetCore.Connections;
using RegistryProxy.Background;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// Ends a connection between members on which nothing moves, either way. Members that have nothing to say to each other for as long open
/// another one when they have.
/// </summary>
internal sealed class Silence : IDisposable, ITicking
{
    /// <summary>How long nothing may move; it ends within one half of this and the whole of it.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(130);

    private readonly ConnectionContext _connection;
    private readonly ITimer _timer;
    private bool _isBroken = true;

    public Silence(ConnectionContext connection, TimeProvider time)
    {
        _connection = connection;
        var heard = new HeardTransport(connection.Transport, this);
        connection.Transport = heard;
        connection.Features.Set(heard);
        _timer = GuardedTimer.Start(time, this, MaxTime / 2, MaxTime / 2);
    }

    /// <summary>Something was sent or came.</summary>
    public void Break() => Volatile.Write(ref _isBroken, true);

    public void Dispose() => _timer.Dispose();

    void ITicking.Tick()
    {
        if (!Volatile.Read(ref _isBroken))
        {
            _connection.Abort(new ConnectionAbortedException("nothing was said for long"));
        }

        Volatile.Write(ref _isBroken, false);
    }
}
