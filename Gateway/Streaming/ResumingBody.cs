using System.Net;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// The body of a download with a known length, which goes on where it was when the upstream cuts it: after three tries at most without
/// progress, each later than the one before, and only with an answer that says it is the same content from exactly there (RFC 9110 §14.4).
/// Once the whole is taken, too, from those that know no ranges; what came before is passed over.
/// </summary>
internal sealed class ResumingBody(
    HttpResponseMessage first, long offset, long end, long total, Func<long, CancellationToken, Task<HttpResponseMessage?>> reopen,
    Action resumed, TimeProvider time)
    : IAsyncDisposable
{
    /// <summary>Before each try: an upstream that is started again, or a balancer that has to notice, takes its time.</summary>
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(1)];

    /// <summary>An upstream may give less at once than it is asked for, as often as it likes, but no less than this, in bytes.</summary>
    public const int MinPart = 32 * 1024;

    /// <summary>What must have come, in bytes, for a cut to count as the first one: proxies may end every answer after so much.</summary>
    public const int Progress = 1024 * 1024;

    private readonly bool _isFromStart = offset == 0;
    private HttpResponseMessage _response = first;
    private Stream? _stream;
    private long _position = offset;
    private long _began = offset;
    private long _toPass;
    private bool _hasPassed;
    private int _tries;

    /// <summary>Told of what is passed over; by default nobody.</summary>
    public IdleWatch? Watch { get; init; }

    /// <summary>Reads some bytes; 0 at the end.</summary>
    /// <exception cref="IOException">The upstream ended early and does not go on.</exception>
    public async ValueTask<int> Read(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (_position < end)
        {
            try
            {
                _stream ??= await _response.Content.ReadAsStreamAsync(cancellation);
                if (_toPass > 0)
                {
                    await PassOver(_stream, buffer, cancellation);
                }

                if (await _stream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, end - _position)], cancellation) is var read and > 0)
                {
                    _position += read;
                    _tries = _position - _began >= Progress ? 0 : _tries;
                    return read;
                }

                throw new IOException("the body ended early");
            }
            catch (Exception fault) when (fault is IOException or HttpRequestException)
            {
                if (!await GoOn(cancellation))
                {
                    throw;
                }
            }
        }

        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        _response.Dispose();
    }

    private async Task PassOver(Stream stream, Memory<byte> buffer, CancellationToken cancellation)
    {
        while (_toPass > 0)
        {
            var read = await stream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _toPass)], cancellation);
            if (read == 0)
            {
                throw new IOException("the body ended early");
            }

            _toPass -= read;
            Watch?.Moved(read);
        }
    }

    private async Task<bool> GoOn(CancellationToken cancellation)
    {
        var isWhole = CameWhole;
        while (isWhole || _tries < Pauses.Length)
        {
            if (!isWhole)
            {
                await Task.Delay(Pauses[_tries++], time, cancellation);
            }

            isWhole = false;
            try
            {
                if (await Reopen(cancellation))
                {
                    return true;
                }
            }
            catch (Exception fault) when (fault is IOException or HttpRequestException or TimeoutException)
            {
                // It is not back yet.
            }
        }

        return false;
    }

    /// <summary>Whether all came that the answer said it has (RFC 9110 §15.3.7): there is nothing to be waited for.</summary>
    private bool CameWhole => _response.Content.Headers.ContentRange is { To: { } to } && _position == to + 1
        && _position - _began >= MinPart;

    private async Task<bool> Reopen(CancellationToken cancellation)
    {
        await DisposeAsync();
        _stream = null;
        if (await reopen(_position, cancellation) is not { } next)
        {
            return false;
        }

        (_response, _began, _toPass) = (next, _position, 0);
        if (!GoesOn(next, _position, total))
        {
            if (_hasPassed || !_isFromStart || !GoesOn(next, 0, total))
            {
                return false;
            }

            (_hasPassed, _toPass) = (true, _position);
        }

        resumed();
        return true;
    }

    /// <summary>Whether an answer is the content from an offset on.</summary>
    public static bool GoesOn(HttpResponseMessage answer, long offset, long total) => answer.StatusCode switch
    {
        HttpStatusCode.PartialContent =>
            answer.Content.Headers.ContentRange is { From: { } from, Length: { } length } && from == offset && length == total,
        HttpStatusCode.OK => offset == 0 && answer.Content.Headers.ContentLength == total,
        _ => false,
    };
}
