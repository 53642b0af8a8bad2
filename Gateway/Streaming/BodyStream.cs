using System.IO.Pipelines;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// Moves a body from an upstream to a client. The upstream is read straight into the memory that the client's connection sends from: no
/// copy, and never more than one chunk ahead of the client.
/// </summary>
internal static class BodyStream
{
    /// <summary>
    /// What a read asks for, in bytes: with the head of an answer, and encrypted, within the 64 KiB of a pooled buffer. Larger ones cost
    /// hardly less, and a client that stops reading keeps one of them.
    /// </summary>
    public const int ChunkBytes = 63 * 1024;

    /// <summary>Copies to the end of the body.</summary>
    /// <param name="read">Reads some bytes; 0 at the end.</param>
    /// <param name="to">The client's connection.</param>
    /// <param name="watch">Ends it when nothing moves.</param>
    /// <param name="head">
    /// What goes before the body, together with its first bytes: an answer that fails before them can still be another one.
    /// </param>
    /// <exception cref="IOException">The upstream ended early.</exception>
    /// <exception cref="OperationCanceledException">The client has gone, or nothing moved for a minute, or too little for five.</exception>
    public static async Task Copy(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> read, PipeWriter to, IdleWatch watch, ReadOnlyMemory<byte> head = default)
    {
        while (await Read(read, to.GetMemory(ChunkBytes), head, watch.Token) is var count and > 0)
        {
            watch.Moved();
            to.Advance(head.Length + count);
            head = default;
            var flush = await to.FlushAsync(watch.Token);
            if (flush.IsCompleted)
            {
                throw new OperationCanceledException("the client has gone");
            }

            watch.Sent(count);
        }
    }

    private static ValueTask<int> Read(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> read, Memory<byte> to, ReadOnlyMemory<byte> head, CancellationToken stop)
    {
        head.CopyTo(to);
        return read(to[head.Length..], stop);
    }
}
