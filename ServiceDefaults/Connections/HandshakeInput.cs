using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// What a client sends during its handshake. The hello, and what follows it while the handshake waits for a place, is taken out of the
/// transport, which would buffer far more; it is read again first. Measures how long the client is waited for, and passes on no second
/// hello that is too long. A reader consumes what it examines.
/// </summary>
internal sealed class HandshakeInput(PipeReader inner, TimeProvider time) : PipeReader
{
    private readonly SecondHello _second = new();
    private ReadOnlySequence<byte> _last;
    private byte[] _held = [];
    private int _start;
    private int _end;
    private int _hello;

    /// <summary>Of <see cref="_last"/>, what was looked at.</summary>
    private long _seen;
    private TimeSpan _waited;
    private long _asked;
    private volatile bool _isOver;

    /// <summary>How long the handshake has waited for the client since it has a place, in all.</summary>
    public TimeSpan WaitedFor => Volatile.Read(ref _asked) is not 0 and var asked ? _waited + time.GetElapsedTime(asked) : _waited;

    private bool HasHeld => _start < _end;

    /// <summary>Reads until the hello is there, or something that is none, or nothing more comes.</summary>
    public async Task<HelloState> ReadHello()
    {
        var scan = new HelloScan();
        while (scan.State == HelloState.Incomplete)
        {
            var result = await inner.ReadAsync();
            var before = scan.Count;
            scan.Read(result.Buffer);
            var come = result.Buffer.Slice(0, scan.Count - before);
            if (scan.State != HelloState.Refused)
            {
                Hold(come);
            }

            inner.AdvanceTo(come.End);
            if (result.IsCanceled || result.IsCompleted)
            {
                break;
            }
        }

        _hello = _end;
        return scan.State;
    }

    /// <summary>Takes in what comes until there is a place.</summary>
    /// <returns>
    /// Whether there is one: <c>false</c> when the connection has ended, or more has come than a client may send, which is early data (RFC
    /// 8446 §4.2.10) or nothing.
    /// </returns>
    public async Task<bool> HoldUntil(Task<bool> turn)
    {
        turn.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(inner.CancelPendingRead);
        while (true)
        {
            var result = await inner.ReadAsync();
            var isTooMuch = _end + result.Buffer.Length > HelloScan.MaxBytes;
            if (!isTooMuch)
            {
                Hold(result.Buffer);
            }

            inner.AdvanceTo(result.Buffer.End);
            if (isTooMuch || result.IsCompleted)
            {
                return false;
            }

            if (result.IsCanceled)
            {
                return await turn;
            }
        }
    }

    /// <summary>The server sends this.</summary>
    public void Sent(ReadOnlySpan<byte> bytes)
    {
        if (!_isOver)
        {
            _second.Sent(bytes);
        }
    }

    /// <summary>The handshake is done.</summary>
    public void End() => _isOver = true;

    /// <exception cref="ConnectionAbortedException">The second hello is too long.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        HasHeld ? new ValueTask<ReadResult>(ReadHeld()) : _isOver ? inner.ReadAsync(cancellationToken) : Read(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        if (HasHeld)
        {
            result = ReadHeld();
            return true;
        }

        var any = inner.TryRead(out result);
        if (any && !_isOver)
        {
            Look(result.Buffer);
        }

        return any;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_isOver && !HasHeld)
        {
            inner.AdvanceTo(consumed, examined);
            return;
        }

        var count = _last.Slice(0, consumed).Length;
        _seen -= count;
        if (!HasHeld)
        {
            inner.AdvanceTo(consumed, examined);
        }
        else if ((_start += (int)count) == _end)
        {
            (_held, _last) = ([], default);
        }
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> Read(CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        Volatile.Write(ref _asked, asked);
        try
        {
            var result = await inner.ReadAsync(cancellation);
            Look(result.Buffer);
            return result;
        }
        finally
        {
            // In this order: whoever looks in between misses this wait for a moment, and does not count it twice.
            var waited = time.GetElapsedTime(asked);
            Volatile.Write(ref _asked, 0);
            _waited += waited;
        }
    }

    /// <summary>The hello alone at first: what follows is looked at in the light of the answer to it.</summary>
    private ReadResult ReadHeld()
    {
        var held = new ReadOnlySequence<byte>(_held, _start, (_start < _hello ? _hello : _end) - _start);
        Look(held);
        return new ReadResult(held, isCanceled: false, isCompleted: false);
    }

    private void Look(in ReadOnlySequence<byte> bytes)
    {
        (var next, _last, _seen) = (bytes.Slice(_seen), bytes, bytes.Length);
        if (_second.Refuses(next))
        {
            throw new ConnectionAbortedException("the second hello is too long");
        }
    }

    private void Hold(in ReadOnlySequence<byte> bytes)
    {
        var needed = _end + (int)bytes.Length;
        if (needed > _held.Length)
        {
            Array.Resize(ref _held, Math.Max(needed, Math.Min(2 * _held.Length, HelloScan.MaxBytes)));
        }

        bytes.CopyTo(_held.AsSpan(_end));
        _end = needed;
    }
}
