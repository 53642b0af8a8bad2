using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// Small bodies that are read whole: forms, the JSON of a page, what administrators send. A client sends one at once, so each has a
/// deadline; of too many, or of too much together, the oldest is given up of the address that has most. Nothing is held for what has not
/// come.
/// </summary>
/// <param name="clients">Who sends a request.</param>
/// <param name="time">The clock.</param>
public sealed class WholeBodies(ClientAddress clients, TimeProvider time)
{
    /// <summary>How many are read at a time.</summary>
    public const int MaxCount = 256;

    /// <summary>… of one address (the /48 of IPv6).</summary>
    public const int MaxOfCaller = MaxCount / 2;

    /// <summary>What has come of all of them together, in bytes.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>
    /// How much is read of one that is too long, and dropped, in bytes, so that a client that is still sending sees why it is refused.
    /// </summary>
    public const int MaxSkipped = 1024 * 1024;

    /// <summary>How long one may take, unless it is so long that it may take <see cref="LeastRate"/>.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>What a second must bring of a long one, in bytes.</summary>
    private const int LeastRate = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<ComingBody> _all = new();
    private long _bytes;

    /// <summary>How many are being read.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>What is held of them, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Reads the body of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">The longest.</param>
    /// <param name="read">Reads it, once all of it is here.</param>
    /// <param name="maxSkipped">How much is read of one that is too long, and dropped, in bytes.</param>
    /// <exception cref="UnreadableBodyException">It is longer (413), malformed (400), was late or gave way to others (408).</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public static ValueTask<T> Read<T>(
        HttpContext context, int maxBytes, Func<ReadOnlySpan<byte>, T> read, int maxSkipped = MaxSkipped)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // Who asks first (RFC 9110 §10.1.1), or can be told within HTTP/2, need not send it.
            var isSent = context.Request.Headers.Expect.Count == 0 && !HttpProtocol.IsHttp2(context.Request.Protocol);
            limit.MaxRequestBodySize = isSent ? Math.Max(maxBytes, maxSkipped) : maxBytes;
        }

        return context.RequestServices.GetRequiredService<WholeBodies>().ReadWithin(context, maxBytes, read);
    }

    internal async ValueTask<T> ReadWithin<T>(HttpContext context, int maxBytes, Func<ReadOnlySpan<byte>, T> read)
    {
        var limit = TimeSpan.FromSeconds(Math.Max(MaxTime.TotalSeconds, maxBytes / LeastRate));
        using var coming = new ComingBody(time, limit, Grow);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(coming.Late, context.RequestAborted);
        Begin(CallerAddress.Of(clients.Of(context)), coming);
        try
        {
            await coming.Take(context.Request.Body, context.Request.ContentLength, maxBytes, ends.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw coming.IsTooLong ? UnreadableBodyException.TooLong(maxBytes) : UnreadableBodyException.Late(limit);
        }
        catch (BadHttpRequestException fault) when (fault is not UnreadableBodyException)
        {
            throw fault.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => UnreadableBodyException.TooLong(maxBytes),
                StatusCodes.Status408RequestTimeout => UnreadableBodyException.Late(limit),
                _ => UnreadableBodyException.Malformed(fault),
            };
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            // The client broke off, which the connection is told a moment later.
            throw UnreadableBodyException.Malformed(fault);
        }
        finally
        {
            Remove(coming);
        }

        return read(coming.Bytes);
    }

    private void Begin(CallerAddress caller, ComingBody coming)
    {
        ComingBody? oldest;
        lock (_gate)
        {
            coming.Place = _all.Add(caller, coming);
            oldest = _all.CountOf(caller) > MaxOfCaller ? _all.FirstOf(caller)!.Connection
                : _all.Count > MaxCount ? _all.FirstOfLargest!.Connection : null;
            Forget(oldest);
        }

        oldest?.GiveUp();
    }

    /// <summary>More of one is held now.</summary>
    private void Grow(ComingBody coming, int bytes)
    {
        List<ComingBody> given = [];
        lock (_gate)
        {
            if (coming.Place!.Node.List is null)
            {
                return;
            }

            coming.Charged += bytes;
            _bytes += bytes;
            while (_bytes > MaxBytes && _all.FirstOfLargest is { Connection: var oldest })
            {
                Forget(oldest);
                given.Add(oldest);
            }
        }

        given.ForEach(static one => one.GiveUp());
    }

    private void Remove(ComingBody coming)
    {
        lock (_gate)
        {
            Forget(coming);
        }
    }

    private void Forget(ComingBody? coming)
    {
        if (coming is not null)
        {
            _all.Remove(coming.Place!);
            _bytes -= coming.Charged;
            coming.Charged = 0;
        }
    }
}

/// <summary>A body that is being read whole. It may hold secrets: what held them is cleared.</summary>
/// <param name="time">The clock.</param>
/// <param name="limit">How long it may take.</param>
/// <param name="grown">Is told how many bytes more it holds.</param>
internal sealed class ComingBody(TimeProvider time, TimeSpan limit, Action<ComingBody, int> grown) : IDisposable
{
    /// <summary>What is held of the shortest, in bytes.</summary>
    private const int Least = 4 * 1024;

    private readonly CancellationTokenSource _late = new(limit, time);
    private byte[] _buffer = [];
    private int _filled;

    /// <summary>Ends when it is late, or given up.</summary>
    public CancellationToken Late => _late.Token;

    /// <summary>Where it stands among the others.</summary>
    public ConnectionHolders<ComingBody>.Place? Place { get; set; }

    /// <summary>What the others know that it holds, in bytes.</summary>
    public long Charged { get; set; }

    /// <summary>What has come.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _filled);

    /// <summary>Whether it is longer than it may be.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>
    /// Takes all of it, or drops it, whole, if it is too long: who is still sending when the connection is closed sees no answer.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="length">How long it says that it is.</param>
    /// <param name="maxBytes">The longest.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="UnreadableBodyException">It is too long.</exception>
    public async Task Take(Stream body, long? length, int maxBytes, CancellationToken cancellation)
    {
        IsTooLong = length > maxBytes;
        int read;
        do
        {
            // Waits until something is there: no buffer is held for it.
#pragma warning disable CA2022 // There is nothing to read into.
            await body.ReadAsync(Memory<byte>.Empty, cancellation);
#pragma warning restore CA2022
            MakeRoom();
            read = await body.ReadAsync(_buffer.AsMemory(_filled), cancellation);
            IsTooLong |= _filled + read > maxBytes;
            _filled = IsTooLong ? 0 : _filled + read;
        }
        while (read > 0);
        if (IsTooLong)
        {
            throw UnreadableBodyException.TooLong(maxBytes);
        }
    }

    /// <summary>Others need its place.</summary>
    public void GiveUp()
    {
        try
        {
            _late.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has come meanwhile.
        }
    }

    public void Dispose()
    {
        _late.Dispose();
        Return(_buffer);
        (_buffer, _filled) = ([], 0);
    }

    private void MakeRoom()
    {
        if (_filled < _buffer.Length)
        {
            return;
        }

        var (larger, former) = (ArrayPool<byte>.Shared.Rent(Math.Max(Least, 2 * _filled)), _buffer);
        Bytes.CopyTo(larger);
        _buffer = larger;
        Return(former);
        grown(this, larger.Length - former.Length);
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
