using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Limits;

/// <summary>A body whose bytes keep to a rate: what goes through waits for as long as the rate wants.</summary>
internal sealed class ThrottledBody(Stream inner, BytePace pace) : Stream
{
    private BytePace Pace => pace;

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
    /// <param name="pace">That of its tenant.</param>
    public static void Apply(HttpContext context, BytePace pace)
    {
        context.Request.Body = new ThrottledBody(context.Request.Body, pace);
        var prior = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(
            new StreamResponseBodyFeature(new ThrottledBody(prior.Stream, pace), prior));
    }

    /// <summary>Watches that an answer goes on: slowly where its tenant's rate is what holds it back.</summary>
    /// <param name="context">The request.</param>
    /// <param name="time">The clock.</param>
    public static IdleWatch Watch(HttpContext context, TimeProvider time)
    {
        var pace = context.Features.Get<IHttpResponseBodyFeature>() is StreamResponseBodyFeature { Stream: ThrottledBody body }
            ? body.Pace : null;
        return new IdleWatch(time, context.RequestAborted)
        {
            HasRate = pace is null, IsHeldBack = pace is null ? null : () => pace.HoldsBack, Body = SentBody.Of(context),
        };
    }

    /// <summary>Sends what is written and not flushed: the server does that at the end of a request for its own writer alone.</summary>
    public static ValueTask Finish(HttpContext context) =>
        context.Features.Get<IHttpResponseBodyFeature>() is StreamResponseBodyFeature { Stream: ThrottledBody, Writer: var writer }
            && writer is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 }
                ? Flush(writer, context.RequestAborted) : ValueTask.CompletedTask;

    private static async ValueTask Flush(PipeWriter writer, CancellationToken cancellation) => await writer.FlushAsync(cancellation);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Whoever reads has a limit for how long nothing comes.
        var read = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, pace.Piece)], cancellationToken);
        await pace.Take(read, cancellationToken);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await pace.Take(buffer.Length, cancellationToken);
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
}
