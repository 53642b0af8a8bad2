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
