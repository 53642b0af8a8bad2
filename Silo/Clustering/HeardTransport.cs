using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.Silo.Clustering;

/// <summary>A transport that tells when something comes or is sent, and what is sent while a handshake goes on.</summary>
internal sealed class HeardTransport : IDuplexPipe
{
    private readonly Silence _silence;
    private Handshake? _handshake;

    public HeardTransport(IDuplexPipe inner, Silence silence)
    {
        _silence = silence;
        (Input, Output) = (new Reader(this, inner.Input), new Writer(this, inner.Output));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>A handshake of TLS begins.</summary>
    public void BeginHandshake(Handshake handshake) => _handshake = handshake;

    /// <summary>It is done.</summary>
    public void EndHandshake() => _handshake = null;

    private sealed class Reader(HeardTransport transport, PipeReader inner) : PipeReader
    {
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            transport._silence.Break();
            return result;
        }

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }

    private sealed class Writer(HeardTransport transport, PipeWriter inner) : PipeWriter
    {
        private Memory<byte> _room;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            transport._handshake?.Sent(_room.Span[..bytes]);
            _room = default;
            inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _room = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            transport._silence.Break();
            return inner.FlushAsync(cancellationToken);
        }

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            transport._silence.Break();
            transport._handshake?.Sent(source.Span);
            return inner.WriteAsync(source, cancellationToken);
        }

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
