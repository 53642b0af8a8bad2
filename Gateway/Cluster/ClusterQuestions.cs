using Orleans.Runtime.Messaging;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// Asks the cluster what may be asked twice. A silo that dies takes its answers along, and until the others have declared it dead its grains
/// cannot be asked: so a question is asked again, by another way, for as long as that takes.
/// </summary>
internal sealed class ClusterQuestions(IGrainFactory grains, Entrances entrances, ClusterContact contact, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan Pinged = TimeSpan.FromMilliseconds(500);

    /// <summary>Asks by an entrance.</summary>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    public Task<T> Ask<T>(Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, Patience patience, CancellationToken cancellation) =>
        Ask(null, question, patience, cancellation);

    /// <summary>Asks directly first, and by an entrance after that.</summary>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    public async Task<T> Ask<T>(
        Func<CancellationToken, ValueTask<T>>? direct, Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, Patience patience, CancellationToken cancellation)
    {
        var (started, pause) = (time.GetTimestamp(), FirstPause);
        while (true)
        {
            var left = patience.Total - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException($"no silo answered within {patience.Total.TotalSeconds:0.#} s");
            }

            try
            {
                var limit = left < patience.Attempt ? left : patience.Attempt;
                return direct is null ? await ByEntrance(question, limit, cancellation) : await Within(direct, limit, cancellation);
            }
            catch (Exception fault) when (IsPassing(fault) && !cancellation.IsCancellationRequested && !contact.IsLost
                && time.GetElapsedTime(started) + pause < patience.Total)
            {
                await Task.Delay(fault is TimeoutException ? TimeSpan.Zero : pause, time, cancellation);
                (direct, pause) = (null, pause * 2 < LongestPause ? pause * 2 : LongestPause);
            }
        }
    }

    private async Task<T> ByEntrance<T>(Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, TimeSpan limit, CancellationToken cancellation)
    {
        var way = entrances.Next();
        try
        {
            return await Within(stop => question(Entrance(way), stop), limit, cancellation);
        }
        catch (TimeoutException)
        {
            entrances.WasSilent(way);
            _ = Look(way);
            throw;
        }
    }

    /// <summary>Whether the way is closed, or only what was asked beyond it.</summary>
    private async Task Look(int way)
    {
        try
        {
            await Within(
                async stop =>
                {
                    await Entrance(way).Ping(stop);
                    return true;
                },
                Pinged, CancellationToken.None);
            entrances.Answered(way);
        }
        catch (Exception)
        {
            // It stays closed for a while.
        }
    }

    private IEntranceGrain Entrance(int way) => grains.GetGrain<IEntranceGrain>(way);

    private async Task<T> Within<T>(Func<CancellationToken, ValueTask<T>> ask, TimeSpan limit, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            return await ask(stop.Token).AsTask().WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no silo answered within {limit.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Whether it is the fault of a silo that goes or comes, and not of what was asked.</summary>
    private static bool IsPassing(Exception fault) => fault is TimeoutException or OrleansMessageRejectionException or SiloUnavailableException
        or ConnectionFailedException or GatewayTooBusyException or InconsistentStateException;
}
