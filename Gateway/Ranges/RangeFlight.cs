using System.Buffers;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>
/// Parts of a blob that come from its upstream once for all who want the same at the same time: held as far as they have come, until the
/// last one who wants them has them. When all have left they are given up.
/// </summary>
internal sealed class RangeFlight(RangeOpener opener, Fetch fetch, Action giveBack, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<FlightHead> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _bytes = [];
    private int _filled;
    private int _readers;
    private bool _hasEnded;
    private bool _isClosed;

    /// <summary>What the upstream answered.</summary>
    public Task<FlightHead> Head(CancellationToken cancellation) => _head.Task.WaitAsync(cancellation);

    /// <summary>Counts a reader in; <c>false</c> when it is too late.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            _readers += _isClosed ? 0 : 1;
            return !_isClosed;
        }
    }

    /// <summary>Counts a reader out.</summary>
    public void Leave()
    {
        bool isGivenUp;
        lock (_gate)
        {
            _isClosed |= --_readers == 0;
            isGivenUp = _isClosed && !_hasEnded;
            Release();
        }

        if (isGivenUp)
        {
            Stop();
        }
    }

    /// <summary>Reads some bytes from a place of what is held; waits until there are some.</summary>
    /// <exception cref="IOException">They do not come.</exception>
    public async ValueTask<int> Read(int from, Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            Task moved;
            lock (_gate)
            {
                if (_filled > from)
                {
                    var count = Math.Min(_filled - from, buffer.Length);
                    _bytes.AsSpan(from, count).CopyTo(buffer.Span);
                    return count;
                }

                if (_hasEnded)
                {
                    throw new IOException("the upstream ended early and does not go on");
                }

                moved = _moved.Task;
            }

            await moved.WaitAsync(cancellation);
        }
    }

    /// <summary>Fetches to the end; never throws.</summary>
    public async Task Run(Digest digest, AskedRanges asked)
    {
        await Task.Yield();
        try
        {
            using var watch = new IdleWatch(time, _stop.Token);
            var result = await opener.Open(fetch, digest, asked, watch.Token);
            if (result.Opened is not { } opened)
            {
                _head.TrySetResult(new FlightHead(result, null, 0));
                return;
            }

            await using (opened)
            {
                await Fill(opened, watch);
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            _head.TrySetResult(new FlightHead(
                new RangesResult { Error = UpstreamErrors.Unanswered(fetch.Destination.Upstream, fault) }, null, 0));
        }
        catch (Exception fault)
        {
            // A fault of ours is one of every request that waits for it.
            _head.TrySetException(fault);
            _ = _head.Task.Exception;
        }
        finally
        {
            Finish();
        }
    }

    private async Task Fill(OpenedRanges opened, IdleWatch watch)
    {
        _bytes = ArrayPool<byte>.Shared.Rent((int)opened.Ranges.Sum(range => range.Count));
        _head.TrySetResult(new FlightHead(default, opened.Ranges, opened.Size));
        foreach (var _ in opened.Ranges)
        {
            while (await opened.Read(_bytes.AsMemory(_filled), watch.Token) is var read and > 0)
            {
                watch.Moved(read);
                Publish(read);
            }
        }
    }

    private void Publish(int read)
    {
        lock (_gate)
        {
            _filled += read;
            _moved.TrySetResult();
            _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Finish()
    {
        lock (_gate)
        {
            (_hasEnded, _isClosed) = (true, true);
            _moved.TrySetResult();
            Release();
        }
    }

    /// <summary>To be called after it ended.</summary>
    public void Dispose() => _stop.Dispose();

    private void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in this very moment.
        }
    }

    /// <summary>Nobody reads any more, and nothing is written.</summary>
    private void Release()
    {
        if (_readers > 0 || !_hasEnded)
        {
            return;
        }

        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        (_bytes, _filled) = ([], 0);
        giveBack();
    }
}

/// <summary>What is known of shared parts once the upstream has answered.</summary>
/// <param name="Result">What it is when it is no parts.</param>
/// <param name="Ranges">The parts; <c>null</c> when there are none to be had here.</param>
/// <param name="Size">How long the blob is, in bytes.</param>
internal sealed record FlightHead(RangesResult Result, ByteRange[]? Ranges, long Size);
