using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.Gateway.Limits;

/// <summary>A body whose bytes keep to a rate: what goes through waits for as long as the rate wants.</summary>
internal sealed class ThrottledBody(Stream inner, SharedRate rate, long most, TimeProvider time) : Stream
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.25);

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Throttles both bodies of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="rate">The rate of its tenant.</param>
    /// <param name="most">Bytes per second of the cluster.</param>
    /// <param name="time">The time.</param>
    public static void Apply(HttpContext context, SharedRate rate, long most, TimeProvider time)
    {
        context.Request.Body = new ThrottledBody(context.Request.Body, rate, most, time);
        var prior = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(
            new StreamResponseBodyFeature(new ThrottledBody(prior.Stream, rate, most, time), prior));
    }

    /// <summary>Whether the bodies of a request are throttled.</summary>
    public static bool IsThrottled(HttpContext context) => context.Request.Body is ThrottledBody;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        await Pace(read, cancellationToken);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Pace(buffer.Length, cancellationToken);
        await inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Who waits looks again, because the share that is left to wait for may have become another one.</summary>
    private async Task Pace(int bytes, CancellationToken cancellation)
    {
        for (var wait = bytes > 0 ? rate.Take(bytes, most) : TimeSpan.Zero; wait > TimeSpan.Zero;)
        {
            var step = wait < Step ? wait : Step;
            await Task.Delay(step, time, cancellation);
            var owed = rate.Owed(most);
            wait = owed < wait - step ? owed : wait - step;
        }
    }
}
