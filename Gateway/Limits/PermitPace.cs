namespace RegistryProxy.Gateway.Limits;

/// <summary>How many permits a second takes here, of late.</summary>
internal sealed class PermitPace(TimeProvider time)
{
    /// <summary>Who takes fewer in a second takes none.</summary>
    public const double Least = 0.1;

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.1);

    private long _since = time.GetTimestamp();
    private double _perSecond;
    private int _taken;

    /// <summary>Permits in a second.</summary>
    public double PerSecond => Volatile.Read(ref _perSecond);

    /// <summary>One was taken.</summary>
    public void Count() => Interlocked.Increment(ref _taken);

    /// <summary>Looks at what was taken since it did last.</summary>
    public void Measure()
    {
        var now = time.GetTimestamp();
        var past = time.GetElapsedTime(_since, now);
        if (past < Shortest)
        {
            return;
        }

        _since = now;
        var pace = Interlocked.Exchange(ref _taken, 0) / past.TotalSeconds;
        Volatile.Write(ref _perSecond, _perSecond + ((pace - _perSecond) * Math.Min(1, past.TotalSeconds)));
    }
}
