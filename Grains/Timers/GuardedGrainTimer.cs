using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Timers;

/// <summary>The timers of grains. A tick that fails is told, and the next one comes all the same.</summary>
internal static class GuardedGrainTimer
{
    /// <summary>Calls <paramref name="tick"/> as the options say, for as long as the grain is active.</summary>
    public static void StartTimer<T>(this T grain, Func<T, CancellationToken, Task> tick, GrainTimerCreationOptions options)
        where T : Grain =>
        grain.RegisterGrainTimer(
            static (timer, cancellation) => Guard(timer.Grain, timer.Tick, cancellation), (Grain: grain, Tick: tick), options);

    /// <summary>One tick. Never throws.</summary>
    internal static async Task Guard<T>(T grain, Func<T, CancellationToken, Task> tick, CancellationToken cancellation)
        where T : Grain
    {
        try
        {
            await tick(grain, cancellation);
        }
        catch (Exception fault) when (fault is StateUnavailableException || cancellation.IsCancellationRequested)
        {
            // The storage is away, which it tells itself; or the grain goes.
        }
        catch (Exception fault)
        {
            BackgroundFaults.Report(typeof(T).Name, fault);
        }
    }
}
