namespace RegistryProxy.Tests.Support.Time;

/// <summary>
/// Virtual time as silos get it. Orleans waits until a moment by asking the time again after each delay of whole milliseconds, so less than
/// one that is left is waited for by asking again and again: with a time that stands still, for ever. Who asks that often on one thread
/// learns that the millisecond is over.
/// </summary>
internal sealed class SiloTime(TimeProvider time) : TimeProvider
{
    private const int Often = 100_000;

    [ThreadStatic]
    private static (DateTimeOffset Told, int Times) _last;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        var now = time.GetUtcNow();
        _last = (now, _last.Told == now ? _last.Times + 1 : 0);
        return _last.Times < Often ? now : now.AddMilliseconds(1);
    }

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
