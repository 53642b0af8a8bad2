namespace RegistryProxy.Gateway.Peers;

/// <summary>A body that has to come at 16 KiB a second at least, counted while it is waited for.</summary>
internal sealed class PacedStream(Stream inner, TimeProvider time) : Stream
{
    private const int BytesAtLeast = 160 * 1024;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private TimeSpan _waited;
    private long _came;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">It is too slow.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(buffer, cancellationToken);
        var read = reading.IsCompleted ? await reading : await Wait(reading.AsTask());
        _came += read;
        if (_came >= BytesAtLeast)
        {
            (_came, _waited) = (0, TimeSpan.Zero);
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<int> Wait(Task<int> reading)
    {
        var (began, left) = (time.GetTimestamp(), Window - _waited);
        try
        {
            return await reading.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        }
        catch (TimeoutException)
        {
            throw new IOException($"less than {BytesAtLeast / 1024} KiB came in {Window.TotalSeconds:0} s");
        }
        finally
        {
            _waited += time.GetElapsedTime(began);
        }
    }
}
