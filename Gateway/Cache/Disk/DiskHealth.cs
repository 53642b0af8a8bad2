namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>Whether the disk takes bytes: after a failure it is left alone for some seconds at a time.</summary>
internal sealed partial class DiskHealth(string path, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);

    private long _retryAt;
    private long _needed;
    private bool _failing;

    /// <summary>Whether the disk could not be written the last time.</summary>
    public bool IsFailing => Volatile.Read(ref _failing);

    /// <summary>How much did not fit, in bytes, when the disk was full; 0 after another failure.</summary>
    public long Needed => Interlocked.Read(ref _needed);

    public bool IsTimeToRetry => time.GetTimestamp() >= Volatile.Read(ref _retryAt);

    /// <param name="fault">Why.</param>
    /// <param name="needed">How large the whole is of which it took no more, in bytes.</param>
    public void Failed(Exception fault, long needed)
    {
        Interlocked.Exchange(ref _needed, IsFull(fault) ? needed : 0);
        Volatile.Write(ref _retryAt, time.GetTimestamp() + (long)(RetryAfter.TotalSeconds * time.TimestampFrequency));
        if (!Interlocked.Exchange(ref _failing, true))
        {
            LogFailing(path, fault.Message);
        }
    }

    public void Succeeded()
    {
        if (Interlocked.Exchange(ref _failing, false))
        {
            LogRecovered(path);
        }
    }

    /// <summary>ENOSPC and EDQUOT, as Linux numbers them.</summary>
    private static bool IsFull(Exception fault) => fault is IOException { HResult: 28 or 122 };

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The cache in {Path} cannot be written and is bypassed; retrying every few seconds: {Cause}")]
    private partial void LogFailing(string path, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cache in {Path} works again")]
    private partial void LogRecovered(string path);
}
