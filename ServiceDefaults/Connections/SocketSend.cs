using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>Sends bytes over a socket, one call at a time. A client that has disconnected is a return value, no exception.</summary>
internal sealed class SocketSend(Socket socket) : SocketAsyncEventArgs(true), IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _done;

    /// <summary>Returns when the socket has taken all of it; <c>false</c> when it takes nothing more.</summary>
    public ValueTask<bool> Send(Memory<byte> bytes)
    {
        _done.Reset();
        try
        {
            SetBuffer(bytes);
            return socket.SendAsync(this) ? new ValueTask<bool>(this, _done.Version) : new ValueTask<bool>(IsSent);
        }
        catch (ObjectDisposedException)
        {
            return new ValueTask<bool>(false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    protected override void OnCompleted(SocketAsyncEventArgs e) => _done.SetResult(IsSent);

    private bool IsSent => SocketError == SocketError.Success && BytesTransferred == Count;
}
