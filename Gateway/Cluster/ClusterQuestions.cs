using Orleans.Runtime.Messaging;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// Asks the cluster what may be asked twice. A silo that dies takes its answers along, and until the others have declared it dead its grains
/// cannot be asked: so a question is asked again, by another way, for as long as that takes.
/// </summary>
internal sealed class ClusterQuestions(IGrainFactory grains, Entrances entrances, EntranceWatch watch, ClusterContact contact, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(800);

    /// <summary>What takes longer than this may not come at all.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(700);

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
        direct = entrances.AnyIsSilent ? null : direct;
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
                return direct is null ? await ByEntrance(question, limit, cancellation) : await Within(direct, limit, null, cancellation);
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
        return await Within(stop => question(grains.GetGrain<IEntranceGrain>(way), stop), limit, way, cancellation);
    }

    /// <summary>Waits for an answer, and looks early whether it can come at all.</summary>
    /// <param name="way">The entrance by which it was asked; <c>null</c> for none, since then nobody knows which silo it went through.</param>
    private async Task<T> Within<T>(Func<CancellationToken, ValueTask<T>> ask, TimeSpan limit, int? way, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var answer = ask(stop.Token).AsTask();
        try
        {
            if (await Comes(answer, stop.Token) || !await watch.Look() || answer.IsCompleted || (way is { } known && !entrances.IsSilent(known)))
            {
                return await answer.WaitAsync(stop.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Too late.
        }

        await late.CancelAsync();
        throw new TimeoutException($"no silo answered within {limit.TotalSeconds:0.#} s");
    }

    /// <summary>Whether the answer is there soon.</summary>
    private async Task<bool> Comes(Task answer, CancellationToken stop)
    {
        await answer.WaitAsync(Soon, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return answer.IsCompleted;
    }

    /// <summary>Whether it is the fault of a silo that goes or comes, and not of what was asked.</summary>
    private static bool IsPassing(Exception fault) => fault is TimeoutException or OrleansMessageRejectionException or SiloUnavailableException
        or ConnectionFailedException or GatewayTooBusyException or InconsistentStateException;
}
