using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Background;

/// <summary>What went wrong beside the requests: each is a fault of the program, and none of them ends it.</summary>
public static partial class BackgroundFaults
{
    /// <summary>The meter of <c>registryproxy.background.faults</c>.</summary>
    public const string MeterName = "RegistryProxy.Background";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Faults = Meter.CreateCounter<long>(
        "registryproxy.background.faults", "{fault}", "Faults of timers and of work beside the requests, after which it went on");

    private static volatile ILogger? _log;

    /// <summary>Where faults are logged from now on; before, they go to standard error.</summary>
    public static void LogTo(ILoggerFactory loggers) => _log = loggers.CreateLogger("RegistryProxy.Background");

    /// <summary>Counts a fault of some work and logs it. Never throws.</summary>
    public static void Report(string work, Exception fault)
    {
        try
        {
            Faults.Add(1, new KeyValuePair<string, object?>("work", work));
            if (_log is { } log)
            {
                LogFault(log, work, fault);
            }
            else
            {
                ProcessOutput.Write(LogLevel.Error, $"{work} failed and goes on: {fault}");
            }
        }
        catch (Exception)
        {
            // The log is away, too; what is reported here must go on all the same.
        }
    }

    /// <summary>Calls every handler of an event, though one of them fails.</summary>
    public static void Raise<T>(T? handlers, Action<T> call)
        where T : Delegate
    {
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                call(handler);
            }
            catch (Exception fault)
            {
                Report(handler.Method.DeclaringType?.Name ?? handler.Method.Name, fault);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Work} failed and goes on")]
    private static partial void LogFault(ILogger log, string work, Exception fault);
}
