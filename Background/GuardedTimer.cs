namespace RegistryProxy.Background;

/// <summary>Something that a timer calls.</summary>
public interface ITicking
{
    /// <summary>The time has come. What it throws is reported and does not keep the next tick from coming.</summary>
    void Tick();
}

/// <summary>The only way to a timer: an exception in the callback of any other one ends the process.</summary>
public static class GuardedTimer
{
    /// <summary>
    /// Calls <paramref name="target"/> for the first time after <paramref name="due"/>, then once in each <paramref name="period"/>.
    /// </summary>
    public static ITimer Start(TimeProvider time, ITicking target, TimeSpan due, TimeSpan period) =>
#pragma warning disable RS0030 // The callback is guarded.
        time.CreateTimer(static target => Guard((ITicking)target!), target, due, period);
#pragma warning restore RS0030

    private static void Guard(ITicking target)
    {
        try
        {
            target.Tick();
        }
        catch (Exception fault)
        {
            BackgroundFaults.Report(target.GetType().Name, fault);
        }
    }
}
