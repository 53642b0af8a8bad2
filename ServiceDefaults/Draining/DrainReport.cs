using Microsoft.Extensions.Logging;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Draining;

/// <summary>Says in the log what a host that was told to end waits for.</summary>
internal sealed partial class DrainReport(RunningRequests running, TimeProvider time, ILogger<DrainReport> logger)
{
    /// <summary>From one line to the next.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>It was told to end, and takes requests while they come.</summary>
    public void Ebbs(TimeSpan quiet, TimeSpan most) => LogEbbs(running.Count, quiet.TotalSeconds, most.TotalSeconds);

    /// <summary>Says what is waited for, until the host has ended.</summary>
    public async Task While(Task ending, TimeSpan grace)
    {
        LogWaits(running.Count, grace.TotalSeconds);
        var began = time.GetTimestamp();
        while (true)
        {
            await ending.WaitAsync(Period, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var waited = time.GetElapsedTime(began).TotalSeconds;
            if (ending.IsCompleted)
            {
                LogEnded(waited, running.Count);
                return;
            }

            var left = Math.Max(0, grace.TotalSeconds - waited);
            LogStillWaits(running.Count, left);
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Shutdown requested: {Count} request(s) are running; new ones are accepted until none has arrived for {Quiet:0} s, " +
            "at most {Most:0} s")]
    private partial void LogEbbs(int count, double quiet, double most);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Shutting down: waiting up to {Grace:0} s for {Count} running request(s) and background work; a second " +
            "SIGTERM stops the process at once")]
    private partial void LogWaits(int count, double grace);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Shutting down: still waiting for {Count} running request(s), for at most {Left:0} s")]
    private partial void LogStillWaits(int count, double left);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shutdown completed after {Seconds:0.0} s; {Count} request(s) were cut off")]
    private partial void LogEnded(double seconds, int count);
}
