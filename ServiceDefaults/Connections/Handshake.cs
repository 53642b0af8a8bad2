using System.IO.Pipelines;
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
    private readonly HandshakeInput _input;
    private int _state;

    internal Handshake(Handshakes all, ConnectionContext connection, TimeProvider time) =>
        (_all, _connection, _input) = (all, connection, new HandshakeInput(connection.Transport.Input, time));

    /// <summary>What the client sends, from its hello on; also behind the handshake.</summary>
    public PipeReader Input => _input;

    /// <summary>Whether the hello of the client has come, so that the handshake can go on.</summary>
    public HelloState Hello { get; internal set; }

    /// <summary>Whether it took too long while others waited; its connection is closed.</summary>
    public bool IsGivenUp => Volatile.Read(ref _state) == GivenUp;

    internal CallerAddress Caller => CallerAddress.Of((_connection.RemoteEndPoint as IPEndPoint)?.Address);

    /// <summary>How long it has waited for the client behind the hello.</summary>
    internal TimeSpan WaitedFor => _input.WaitedFor;

    internal ConnectionHolders<Handshake>.Place? Place { get; set; }

    internal LinkedListNode<Handshake>? Turn { get; set; }

    internal TaskCompletionSource<bool>? Waiting { get; set; }

    /// <summary>It has succeeded, and makes room for others.</summary>
    public void Succeed()
    {
        Interlocked.CompareExchange(ref _state, Succeeded, 0);
        _input.End();
        Advance();
        Dispose();
    }

    /// <summary>The server sends this in the handshake.</summary>
    public void Sent(ReadOnlySpan<byte> bytes) => _input.Sent(bytes);

    /// <summary>It has succeeded or failed. May be told more than once.</summary>
    public void Dispose() => _all.Leave(this);

    internal void GiveUp()
    {
        if (Interlocked.CompareExchange(ref _state, GivenUp, 0) == 0)
        {
            _connection.Abort(new ConnectionAbortedException("the handshake took long, and others wait"));
        }
    }

    /// <summary>Reads until the hello is there. One that is refused is answered with an alert.</summary>
    internal async Task AwaitHello()
    {
        try
        {
            Hello = await _input.ReadHello();
            if (Hello == HelloState.Whole)
            {
                Advance();
            }
            else if (Hello == HelloState.Refused)
            {
                await _connection.Transport.Output.WriteAsync(Alert);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // The connection has ended, which is what its state says.
        }
    }

    /// <summary>Waits for a place; <c>false</c> when the client has lost it.</summary>
    internal async Task<bool> AwaitTurn(Task<bool> turn)
    {
        try
        {
            return await _input.HoldUntil(turn);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>It came a step further.</summary>
    internal void Advance() => _connection.Features.Get<IConnectionProgress>()?.Advance();
}
