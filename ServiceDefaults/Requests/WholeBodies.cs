using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// Bodies that anybody may send, read whole before anything is known of their sender: forms, and the JSON of a page. A client sends one at
/// once, so each has a deadline, and of too many the oldest is given up of the address that has most.
/// </summary>
/// <param name="clients">Who sends a request.</param>
/// <param name="time">The clock.</param>
public sealed class WholeBodies(ClientAddress clients, TimeProvider time)
{
    /// <summary>How many are read at a time.</summary>
    public const int MaxCount = 256;

    /// <summary>… of one address (the /48 of IPv6).</summary>
    public const int MaxOfCaller = MaxCount / 2;

    /// <summary>How long one may take.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<Coming> _all = new();

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

    /// <summary>Reads the body of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">The longest.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="BadHttpRequestException">It is longer (413), did not come in time or gave way to others (408).</exception>
    public static ValueTask<T> Read<T>(HttpContext context, int maxBytes, Func<Stream, CancellationToken, ValueTask<T>> read)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = maxBytes;
        return context.RequestServices.GetRequiredService<WholeBodies>().Read(context, read);
    }

    internal async ValueTask<T> Read<T>(HttpContext context, Func<Stream, CancellationToken, ValueTask<T>> read)
    {
        using var coming = new Coming(time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(coming.Late, context.RequestAborted);
        var place = Begin(CallerAddress.Of(clients.Of(context)), coming);
        try
        {
            return await read(context.Request.Body, ends.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException(
                $"The body of the request did not arrive within {MaxTime.TotalSeconds:0} s, or many others did not arrive, either.",
                StatusCodes.Status408RequestTimeout);
        }
        finally
        {
            lock (_gate)
            {
                _all.Remove(place);
            }
        }
    }

    private ConnectionHolders<Coming>.Place Begin(CallerAddress caller, Coming coming)
    {
        Coming? oldest;
        ConnectionHolders<Coming>.Place place;
        lock (_gate)
        {
            place = _all.Add(caller, coming);
            oldest = _all.CountOf(caller) > MaxOfCaller ? _all.FirstOf(caller)!.Connection
                : _all.Count > MaxCount ? _all.FirstOfLargest!.Connection : null;
            if (oldest is not null)
            {
                _all.Remove(oldest.Place!);
            }

            coming.Place = place;
        }

        oldest?.GiveUp();
        return place;
    }

    /// <summary>One that is being read.</summary>
    private sealed class Coming(TimeProvider time) : IDisposable
    {
        private readonly CancellationTokenSource _late = new(MaxTime, time);

        public CancellationToken Late => _late.Token;

        public ConnectionHolders<Coming>.Place? Place { get; set; }

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

        public void Dispose() => _late.Dispose();
    }
}
