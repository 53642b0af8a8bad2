using System.IO.Pipelines;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// Moves a body from an upstream to a client. The upstream is read straight into the memory that the client's connection sends from: no
/// copy, and never more than one chunk ahead of the client.
/// </summary>
internal static class BodyStream
{
    /// <summary>What a read asks for, in bytes. Larger ones cost hardly less, and a client that stops reading keeps one of them.</summary>
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Copies to the end of the body.</summary>
    /// <exception cref="IOException">The upstream ended early.</exception>
    /// <exception cref="OperationCanceledException">The client has gone, or nothing moved for a minute, or too little for five.</exception>
    public static async Task Copy(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, PipeWriter to, IdleWatch watch)
    {
        while (await read(to.GetMemory(ChunkBytes), watch.Token) is var count and > 0)
        {
            watch.Moved();
            to.Advance(count);
            var flush = await to.FlushAsync(watch.Token);
            watch.Moved(count);
            if (flush.IsCompleted)
            {
                throw new OperationCanceledException("the client has gone");
            }
        }
    }
}
