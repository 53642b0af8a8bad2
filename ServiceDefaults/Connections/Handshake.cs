using System.Net;
using Microsoft.AspNetCore.Connections;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>The TLS handshake of a connection.</summary>
public sealed class Handshake : IDisposable
{
    /// <summary>A fatal alert of TLS, <c>unexpected_message</c> (RFC 8446 §6).</summary>
    private static readonly byte[] Alert = [21, 3, 3, 0, 2, 2, 10];

    private const int Succeeded = 1;
    private const int GivenUp = 2;

    private readonly Handshakes _all;
    private readonly ConnectionContext _connection;
    private int _state;

    internal Handshake(Handshakes all, ConnectionContext connection) => (_all, _connection) = (all, connection);

    /// <summary>Whether the hello of the client has come, so that the handshake can go on.</summary>
    public HelloState Hello { get; internal set; }

    /// <summary>Whether it took too long while others waited; its connection is closed.</summary>
    public bool IsGivenUp => Volatile.Read(ref _state) == GivenUp;

    internal CallerAddress Caller => CallerAddress.Of((_connection.RemoteEndPoint as IPEndPoint)?.Address);

    /// <summary>When it went on behind the hello.</summary>
    internal long Began { get; set; }

    internal ConnectionHolders<Handshake>.Place? Place { get; set; }

    internal LinkedListNode<Handshake>? Turn { get; set; }

    internal TaskCompletionSource<bool>? Waiting { get; set; }

    /// <summary>It has succeeded, and makes room for others.</summary>
    public void Succeed()
    {
        Interlocked.CompareExchange(ref _state, Succeeded, 0);
        _all.Learn(this);
        Dispose();
    }

    /// <summary>It has succeeded or failed. May be told more than once.</summary>
    public void Dispose() => _all.Leave(this);

    internal void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, 0) == 0)
        {
            _connection.Abort(new ConnectionAbortedException("the handshake took long, and others wait"));
        }
    }

    /// <summary>Reads until the hello is there, and leaves it to who reads next. One that is refused is answered with an alert.</summary>
    internal async Task AwaitHello()
    {
        var (input, scan, scanned) = (_connection.Transport.Input, new HelloScan(), 0L);
        try
        {
            while (Hello == HelloState.Incomplete)
            {
                var result = await input.ReadAsync();
                Hello = scan.Read(result.Buffer.Slice(scanned));
                scanned = result.Buffer.Length;
                input.AdvanceTo(result.Buffer.Start, Hello == HelloState.Incomplete ? result.Buffer.End : result.Buffer.Start);
                if (result.IsCanceled || result.IsCompleted)
                {
                    break;
                }
            }

            if (Hello == HelloState.Refused)
            {
                await _connection.Transport.Output.WriteAsync(Alert);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // The connection has ended, which is what its state says.
        }
    }
}
