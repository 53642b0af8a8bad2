using System.Net.Sockets;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>One <c>sendfile</c> as a task.</summary>
internal sealed class FileSend : SocketAsyncEventArgs
{
    private readonly TaskCompletionSource<int> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FileSend()
        : base(true)
    {
    }

    /// <summary>Sends bytes of a file; returns when the socket has taken all of them.</summary>
    /// <exception cref="SocketException">The connection is gone.</exception>
    public static async Task Send(Socket socket, FileStream file, long offset, int count)
    {
        using var send = new FileSend();
        send.SendPacketsElements = [new SendPacketsElement(file, offset, count)];
        if (!socket.SendPacketsAsync(send))
        {
            send.OnCompleted(send);
        }

        if (await send._done.Task != count)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (e.SocketError == SocketError.Success)
        {
            _done.TrySetResult(BytesTransferred);
        }
        else
        {
            _done.TrySetException(new SocketException((int)e.SocketError));
        }
    }
}
