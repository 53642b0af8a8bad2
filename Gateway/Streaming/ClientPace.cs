namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// How much is read ahead of a client. While few are served, pieces are large, which costs least. Among many, a piece is one TLS record,
/// put together from the blocks that connections keep anyway: thousands of clients that are slow hold one each. A client that does not keep
/// up gets one block at a time.
/// </summary>
internal struct ClientPace(bool isOneOfMany, TimeProvider time)
{
    private const int Large = BodyStream.ChunkBytes;
    private const int Block = 4 * 1024;

    /// <summary>With a head, and encrypted, within a pooled buffer of 16 KiB.</summary>
    private const int Record = 15 * 1024;

    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    private long _began;

    /// <summary>What memory is asked for, in bytes.</summary>
    public int Memory { get; } = isOneOfMany ? Block : Large;

    /// <summary>What is given to the connection at once, in bytes.</summary>
    public int Piece { get; private set; } = isOneOfMany ? Record : Large;

    /// <summary>A piece is given to the connection.</summary>
    public void Begin() => _began = time.GetTimestamp();

    /// <summary>The connection can take more.</summary>
    public void End()
    {
        if (time.GetElapsedTime(_began) > Slow)
        {
            Piece = Memory;
        }
    }
}
