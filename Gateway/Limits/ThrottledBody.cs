using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.Gateway.Limits;

/// <summary>A body whose bytes keep to a rate: what goes through waits for as long as the rate wants.</summary>
internal sealed class ThrottledBody(Stream inner, BytePace pace) : Stream
{
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

    /// <summary>Whether the bodies of a request are throttled.</summary>
    public static bool IsThrottled(HttpContext context) => context.Request.Body is ThrottledBody;

    /// <summary>Sends what is written and not flushed: the server does that at the end of a request for its own writer alone.</summary>
    public static ValueTask Finish(HttpContext context) =>
        context.Features.Get<IHttpResponseBodyFeature>() is StreamResponseBodyFeature { Stream: ThrottledBody, Writer: var writer }
            && writer is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 }
                ? Flush(writer, context.RequestAborted) : ValueTask.CompletedTask;

    private static async ValueTask Flush(PipeWriter writer, CancellationToken cancellation) => await writer.FlushAsync(cancellation);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
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
