using Orleans.Runtime.Messaging;
using Orleans.Storage;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// Asks the cluster. A silo that dies takes its answers along, and until the others have declared it dead its grains cannot be asked: so a
/// question is asked again, by another way, for as long as that takes, if it may be (<see cref="Patience"/>).
/// </summary>
internal sealed class ClusterQuestions(IGrainFactory grains, Entrances entrances, EntranceWatch watch, ClusterContact contact, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(800);

    /// <summary>What takes longer than this may not come at all.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(700);

    /// <summary>Asks by an entrance.</summary>
    /// <exception cref="ClusterUnavailableException">Nobody answered in time.</exception>
    public Task<T> Ask<T>(Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, Patience patience, CancellationToken cancellation) =>
        Ask(null, question, patience, cancellation);

    /// <summary>Asks directly first, and by an entrance after that.</summary>
    /// <exception cref="ClusterUnavailableException">Nobody answered in time.</exception>
    public async Task<T> Ask<T>(
        Func<CancellationToken, ValueTask<T>>? direct, Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, Patience patience, CancellationToken cancellation)
    {
        try
        {
            return await AskUntil(entrances.AnyIsSilent ? null : direct, question, patience, cancellation);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            throw new ClusterUnavailableException(fault);
        }
    }

    private async Task<T> AskUntil<T>(
        Func<CancellationToken, ValueTask<T>>? direct, Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, Patience patience, CancellationToken cancellation)
    {
        var (started, pause) = (time.GetTimestamp(), FirstPause);
        while (true)
        {
            var left = patience.Total - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw Late(patience.Total);
            }

            try
            {
                var limit = left < patience.Attempt ? left : patience.Attempt;
                return patience.Repeat != Repeat.WhenSilent ? await Once(question, limit, cancellation)
                    : direct is null ? await ByEntrance(question, limit, cancellation)
                    : await Within(direct, limit, null, cancellation);
            }
            catch (Exception fault) when (MayBeAskedAgain(fault, patience.Repeat) && !cancellation.IsCancellationRequested && !contact.IsLost
                && time.GetElapsedTime(started) + pause < patience.Total)
            {
                await Task.Delay(fault is TimeoutException or SiloLostException ? TimeSpan.Zero : pause, time, cancellation);
                (direct, pause) = (null, pause * 2 < LongestPause ? pause * 2 : LongestPause);
            }
        }
    }

    private async Task<T> ByEntrance<T>(Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, TimeSpan limit, CancellationToken cancellation)
    {
        var way = entrances.Next();
        return await Within(stop => question(grains.GetGrain<IEntranceGrain>(way), stop), limit, way, cancellation);
    }

    /// <summary>Asks by a way that is open, and waits for the answer until it has come, cannot come or is too late.</summary>
    private async Task<T> Once<T>(Func<IEntranceGrain, CancellationToken, ValueTask<T>> question, TimeSpan limit, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var (way, silo) = await watch.Open(stop.Token);
        try
        {
            var answer = question(grains.GetGrain<IEntranceGrain>(way), stop.Token).AsTask();
            while (!await Comes(answer, stop.Token) && !stop.IsCancellationRequested)
            {
                if (contact.IsLost || await watch.HasMoved(way, silo))
                {
                    await late.CancelAsync();
                    throw new SiloLostException();
                }
            }

            return await answer.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Late(limit);
        }
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
        throw Late(limit);
    }

    /// <summary>Whether the answer is there soon.</summary>
    private async Task<bool> Comes(Task answer, CancellationToken stop)
    {
        await answer.WaitAsync(Soon, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return answer.IsCompleted;
    }

    private static TimeoutException Late(TimeSpan limit) => new($"no silo answered within {limit.TotalSeconds:0.#} s");

    private static bool MayBeAskedAgain(Exception fault, Repeat repeat) => repeat switch
    {
        Repeat.WhenSilent => fault is TimeoutException or InconsistentStateException || IsLost(fault) || IsRefused(fault),
        Repeat.WhenLost => IsLost(fault) || IsRefused(fault),
        _ => IsRefused(fault),
    };

    /// <summary>Whether the silo that was asked is gone.</summary>
    private static bool IsLost(Exception fault) => fault is SiloUnavailableException or SiloLostException;

    /// <summary>Whether nobody began to work on it.</summary>
    private static bool IsRefused(Exception fault) => fault is OrleansMessageRejectionException or ConnectionFailedException or GatewayTooBusyException;
}
