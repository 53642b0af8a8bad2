using System.Net;
using RegistryProxy.Files;

namespace RegistryProxy.Gateway.Peers;

/// <summary>
/// A blob that another gateway has whole on its disk: it comes fast, or that gateway is in trouble. One that is still downloading may be as
/// slow as its upstream.
/// </summary>
internal sealed class MinimumRateContent : HttpContent
{
    /// <summary>Of an answer from the disk of a gateway, with the value <c>true</c>.</summary>
    public const string CompleteHeader = "RegistryProxy-Complete";

    private readonly HttpContent _inner;
    private readonly TimeProvider _time;

    public MinimumRateContent(HttpContent inner, TimeProvider time)
    {
        (_inner, _time) = (inner, time);
        (Headers.ContentLength, Headers.ContentRange) = (inner.Headers.ContentLength, inner.Headers.ContentRange);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new MinimumRateStream(await _inner.ReadAsStreamAsync(), _time);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        await (await CreateContentReadStreamAsync()).CopyToAsync(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = Headers.ContentLength ?? 0;
        return Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>A body that has to come at 16 KiB a second at least, counted while it is waited for.</summary>
    private sealed class MinimumRateStream(Stream inner, TimeProvider time) : ReadingStream(inner)
    {
        private const int BytesAtLeast = 160 * 1024;

        private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

        private CancellationTokenSource? _stop;
        private CancellationToken _linked;
        private TimeSpan _waited;
        private long _came;

        /// <exception cref="IOException">It is too slow.</exception>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Link(cancellationToken);
            var reading = Inner.ReadAsync(buffer, _stop!.Token);
            var read = reading.IsCompleted ? await reading : await Wait(reading.AsTask());
            _came += read;
            if (_came >= BytesAtLeast)
            {
                (_came, _waited) = (0, TimeSpan.Zero);
            }

            return read;
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
            {
                _stop?.Dispose();
            }
        }

        /// <summary>Reads of one answer have one token, as a rule.</summary>
        private void Link(CancellationToken cancellation)
        {
            if (_stop is null || _linked != cancellation)
            {
                _stop?.Dispose();
                (_stop, _linked) = (CancellationTokenSource.CreateLinkedTokenSource(cancellation), cancellation);
            }
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
                // The buffer is the reader's until this has ended, and another's afterwards.
                await _stop!.CancelAsync();
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new IOException($"less than {BytesAtLeast / 1024} KiB came in {Window.TotalSeconds:0} s");
            }
            finally
            {
                _waited += time.GetElapsedTime(began);
            }
        }
    }
}
