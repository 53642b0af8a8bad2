using RegistryProxy.Files;

namespace RegistryProxy.Gateway.Peers;

/// <summary>A body that has to come at 16 KiB a second at least, counted while it is waited for.</summary>
internal sealed class PacedStream(Stream inner, TimeProvider time) : ReadingStream(inner)
{
    private const int BytesAtLeast = 160 * 1024;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private TimeSpan _waited;
    private long _came;

    /// <exception cref="IOException">It is too slow.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = Inner.ReadAsync(buffer, cancellationToken);
        var read = reading.IsCompleted ? await reading : await Wait(reading.AsTask());
        _came += read;
        if (_came >= BytesAtLeast)
        {
            (_came, _waited) = (0, TimeSpan.Zero);
        }

        return read;
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
