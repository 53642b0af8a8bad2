using System.Buffers;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// What was written to a connection and is not sent yet, in one piece. Holds no memory while it is empty. Not for many threads at once.
/// </summary>
public sealed class OutputBuffer
{
    private const int MinBytes = 4 * 1024;

    private byte[] _bytes = [];

    /// <summary>How many bytes were written.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes that were written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>Room behind them.</summary>
    /// <param name="sizeHint">How many bytes at least; 0 for any number but none.</param>
    public Memory<byte> GetMemory(int sizeHint)
    {
        var wanted = Count + Math.Max(sizeHint, 1);
        if (_bytes.Length < wanted)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, MinBytes));
            Written.CopyTo(larger);
            Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsMemory(Count);
    }

    /// <summary>So many bytes were written into the room.</summary>
    public void Advance(int bytes) => Count += bytes;

    /// <summary>
    /// Gives the bytes away, to be given to <see cref="Return"/> when they are sent: what is written meanwhile is another piece.
    /// </summary>
    public (byte[] Bytes, int Count) Take()
    {
        var taken = (_bytes, Count);
        (_bytes, Count) = ([], 0);
        return taken;
    }

    /// <summary>Takes back what <see cref="Take"/> gave away.</summary>
    public static void Return(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
