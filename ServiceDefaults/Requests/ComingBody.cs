using System.Buffers;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>A body that is being read whole. It may hold secrets: what held them is cleared.</summary>
/// <param name="time">The clock.</param>
/// <param name="limit">How long it may take.</param>
/// <param name="grown">Is told how many bytes more it holds.</param>
internal sealed class ComingBody(TimeProvider time, TimeSpan limit, Action<ComingBody, int> grown) : IDisposable
{
    /// <summary>What is held of the shortest, in bytes.</summary>
    private const int Least = 4 * 1024;

    private readonly CancellationTokenSource _late = new(limit, time);
    private byte[] _buffer = [];
    private int _filled;

    /// <summary>Ends when it is late, or given up.</summary>
    public CancellationToken Late => _late.Token;

    /// <summary>Where it stands among the others.</summary>
    public ConnectionHolders<ComingBody>.Place? Place { get; set; }

    /// <summary>What the others know that it holds, in bytes.</summary>
    public long Charged { get; set; }

    /// <summary>What has come.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _filled);

    /// <summary>Whether it is longer than it may be.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>
    /// Takes all of it, or drops it, whole, if it is too long: who is still sending when the connection is closed sees no answer.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="length">How long it says that it is.</param>
    /// <param name="maxBytes">The longest.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="UnreadableBodyException">It is too long.</exception>
    public async Task Take(Stream body, long? length, int maxBytes, CancellationToken cancellation)
    {
        IsTooLong = length > maxBytes;
        int read;
        do
        {
            // Waits until something is there: no buffer is held for it.
#pragma warning disable CA2022 // There is nothing to read into.
            await body.ReadAsync(Memory<byte>.Empty, cancellation);
#pragma warning restore CA2022
            MakeRoom();
            read = await body.ReadAsync(_buffer.AsMemory(_filled), cancellation);
            IsTooLong |= _filled + read > maxBytes;
            _filled = IsTooLong ? 0 : _filled + read;
        }
        while (read > 0);
        if (IsTooLong)
        {
            throw UnreadableBodyException.TooLong(maxBytes);
        }
    }

    /// <summary>Others need its place.</summary>
    public void GiveUp()
    {
        try
        {
            _late.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has come meanwhile.
        }
    }

    public void Dispose()
    {
        _late.Dispose();
        Return(_buffer);
        (_buffer, _filled) = ([], 0);
    }

    private void MakeRoom()
    {
        if (_filled < _buffer.Length)
        {
            return;
        }

        var (larger, former) = (ArrayPool<byte>.Shared.Rent(Math.Max(Least, 2 * _filled)), _buffer);
        Bytes.CopyTo(larger);
        _buffer = larger;
        Return(former);
        grown(this, larger.Length - former.Length);
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
