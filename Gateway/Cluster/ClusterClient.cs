using System.Diagnostics.Metrics;
using Orleans.Runtime.Messaging;
using Orleans.Storage;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>
/// The only way to the cluster's grains. The answers of a silo that dies are lost, and its grains cannot be called until the others have
/// declared it dead: so a call is repeated through another relay for as long as that takes, if it may be (<see cref="CallPolicy"/>).
/// </summary>
internal sealed class ClusterClient(
    IGrainFactory grains, Relays relays, SiloProbe probe, ClusterContact contact, GrainCallMeter calls, TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(800);
    private static readonly Doubling Pauses = new(TimeSpan.FromMilliseconds(100), LongestPause);

    /// <summary>An answer that takes longer than this may never come.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(700);

    /// <summary>Calls through a relay.</summary>
    /// <exception cref="ClusterUnavailableException">No silo answered in time.</exception>
    public Task<T> Call<T>(Func<IRelayGrain, CancellationToken, ValueTask<T>> relayed, CallPolicy policy, CancellationToken cancellation) =>
        Call(null, relayed, policy, cancellation);

    /// <summary>Calls directly first, and through relays after that.</summary>
    /// <exception cref="ClusterUnavailableException">No silo answered in time.</exception>
    public Task<T> Call<T>(
        Func<IGrainFactory, CancellationToken, ValueTask<T>>? direct, Func<IRelayGrain, CancellationToken, ValueTask<T>> relayed,
        CallPolicy policy, CancellationToken cancellation) =>
        Counted(() => Repeated(relays.AnyIsSilent ? null : direct, relayed, policy, cancellation), policy, cancellation);

    /// <summary>Calls directly, once.</summary>
    /// <exception cref="ClusterUnavailableException">No silo answered in time.</exception>
    public Task<T> CallOnce<T>(
        Func<IGrainFactory, CancellationToken, ValueTask<T>> direct, CallPolicy policy, CancellationToken cancellation) =>
        Counted(() => Within(direct, policy.Total, cancellation), policy, cancellation);

    /// <summary>Calls directly, once.</summary>
    /// <exception cref="ClusterUnavailableException">No silo answered in time.</exception>
    public Task CallOnce(Func<IGrainFactory, CancellationToken, ValueTask> direct, CallPolicy policy,
        CancellationToken cancellation) => CallOnce(
        async (factory, stop) =>
        {
            await direct(factory, stop);
            return true;
        },
        policy, cancellation);

    /// <summary>Sends what needs no answer; a message that is lost is lost.</summary>
    public void Post(Func<IGrainFactory, ValueTask> message) => message(grains).AsTask().Ignore();

    /// <summary>A reference by which grains call an object of this process; it must be kept by its owner.</summary>
    public T Reference<T>(T observer)
        where T : IGrainObserver => grains.CreateObjectReference<T>(observer);

    private async Task<T> Counted<T>(Func<Task<T>> call, CallPolicy policy, CancellationToken cancellation)
    {
        if (policy.Grain is { } grain)
        {
            calls.Count(grain);
        }

        try
        {
            return await call();
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            throw new ClusterUnavailableException(fault);
        }
    }

    private async Task<T> Repeated<T>(
        Func<IGrainFactory, CancellationToken, ValueTask<T>>? direct, Func<IRelayGrain, CancellationToken, ValueTask<T>> relayed,
        CallPolicy policy, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var left = policy.Total - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw Late(policy.Total);
            }

            try
            {
                var limit = left < policy.Attempt ? left : policy.Attempt;
                return policy.Repeat != Repeat.WhenSilent ? await ToTheEnd(relayed, limit, cancellation)
                    : direct is null ? await ByRelay(relayed, limit, cancellation)
                    : await WhileNoneIsSilent(stop => direct(grains, stop), limit, null, cancellation);
            }
            catch (Exception fault) when (MayBeRepeated(fault, policy.Repeat) && !cancellation.IsCancellationRequested && !contact.IsLost
                && time.GetElapsedTime(started) + Pauses.After(tries) < policy.Total)
            {
                await Task.Delay(fault is TimeoutException or SiloLostException ? TimeSpan.Zero : Pauses.After(tries), time, cancellation);
                direct = null;
            }
        }
    }

    private async Task<T> ByRelay<T>(
        Func<IRelayGrain, CancellationToken, ValueTask<T>> call, TimeSpan limit, CancellationToken cancellation)
    {
        var relay = relays.Next();
        return await WhileNoneIsSilent(stop => call(grains.GetGrain<IRelayGrain>(relay), stop), limit, relay, cancellation);
    }

    private async Task<T> Within<T>(
        Func<IGrainFactory, CancellationToken, ValueTask<T>> call, TimeSpan limit, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            return await call(grains, stop.Token).AsTask().WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Late(limit);
        }
    }

    /// <summary>Calls through a relay that answers now, and waits for the answer until it has come, cannot come or is too late.</summary>
    private async Task<T> ToTheEnd<T>(
        Func<IRelayGrain, CancellationToken, ValueTask<T>> call, TimeSpan limit, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var (relay, silo) = await probe.Open(stop.Token);
        try
        {
            var answer = call(grains.GetGrain<IRelayGrain>(relay), stop.Token).AsTask();
            while (!await Comes(answer, stop.Token) && !stop.IsCancellationRequested)
            {
                if (contact.IsLost || await probe.HasMoved(relay, silo))
                {
                    await late.CancelAsync();
                    throw new SiloLostException();
                }
            }

            var result = await answer.WaitAsync(stop.Token);
            probe.Answered(relay, silo);
            return result;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Late(limit);
        }
    }

    /// <summary>Waits for an answer, and probes early whether it can come at all.</summary>
    /// <param name="relay">The relay of the call; <c>null</c> for a direct one, of which nobody knows which silo it went through.</param>
    private async Task<T> WhileNoneIsSilent<T>(
        Func<CancellationToken, ValueTask<T>> call, TimeSpan limit, int? relay, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        var answer = call(stop.Token).AsTask();
        try
        {
            if (await Comes(answer, stop.Token) || !await probe.Look() || answer.IsCompleted
                || (relay is { } known && !relays.IsSilent(known)))
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

    private static bool MayBeRepeated(Exception fault, Repeat repeat) => repeat switch
    {
        Repeat.WhenSilent => fault is TimeoutException or InconsistentStateException or OperationCanceledException || IsLost(fault)
            || IsRefused(fault),
        Repeat.WhenLost => IsLost(fault) || IsRefused(fault),
        Repeat.WhenRefused => IsRefused(fault),
        _ => false,
    };

    /// <summary>Whether the called silo is gone.</summary>
    private static bool IsLost(Exception fault) => fault is SiloUnavailableException or SiloLostException;

    /// <summary>Whether no grain began to work on it.</summary>
    private static bool IsRefused(Exception fault) =>
        fault is OrleansMessageRejectionException or ConnectionFailedException or GatewayTooBusyException;
}

/// <summary>Counts what the gateway asks the cluster; a warm request asks nothing.</summary>
internal sealed class GrainCallMeter
{
    private readonly Counter<long> _calls;

    public GrainCallMeter(IMeterFactory meters) =>
        _calls = meters.Create("RegistryProxy.Gateway").CreateCounter<long>(
            "registryproxy.gateway.grain_calls", "{call}", "Calls from this gateway to grains");

    /// <param name="grain">One of <c>login</c>, <c>session</c>, <c>upstream_token</c>, <c>snapshot</c>, <c>cache</c>, <c>fetch</c>.</param>
    public void Count(string grain) => _calls.Add(1, new KeyValuePair<string, object?>("grain", grain));
}
