namespace RegistryProxy.Tests.Support.Time;

/// <summary>A time whose clock is set to another moment, by somebody or by a time server, while it goes on as before.</summary>
internal sealed class SetClock(TimeProvider time) : TimeProvider
{
    /// <summary>How far the clock is from the time.</summary>
    public TimeSpan Off { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Off;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
