namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>What the log says of outages of upstreams: when one begins, for each other reason, and when it ends.</summary>
internal sealed partial class OutageLog(ILogger logger)
{
    public void Began(string upstream, UpstreamOutage outage)
    {
        var (since, failures) = (outage.Since.GetValueOrDefault(), Math.Max(outage.Failures, 1));
        switch (outage.Kind)
        {
            case OutageKind.Storage:
                LogStorageFails(upstream, outage.Place, since, failures, outage.Reason);
                break;
            case OutageKind.Limited:
                LogLimits(upstream, outage.Place, since, failures, outage.Reason);
                break;
            case OutageKind.Part:
                LogPartFails(upstream, outage.Place, since, failures, outage.Reason);
                break;
            case OutageKind.Refused:
                LogRefuses(upstream, outage.Place, since, failures, outage.Reason);
                break;
            default:
                LogFails(upstream, outage.Place, since, failures, outage.Reason);
                break;
        }
    }

    public void Ended(string upstream, UpstreamOutage outage, TimeSpan now)
    {
        var (since, seconds) = (outage.Since.GetValueOrDefault(), (long)(now - outage.BeganAt).TotalSeconds);
        switch (outage.Kind)
        {
            case OutageKind.Storage:
                LogStorageWell(upstream, seconds, outage.Failures, since);
                break;
            case OutageKind.Limited:
                LogUnlimited(upstream, seconds, outage.Failures, since);
                break;
            case OutageKind.Part:
                LogPartWell(upstream, seconds, outage.Failures, since);
                break;
            case OutageKind.Refused:
                LogRefusesNoMore(upstream, seconds, outage.Failures, since);
                break;
            default:
                LogWell(upstream, seconds, outage.Failures, since);
                break;
        }
    }

    /// <summary>Nobody asked for so long that it is not known whether it goes on.</summary>
    public void Lost(string upstream, UpstreamOutage outage)
    {
        var since = outage.Since.GetValueOrDefault();
        if (outage.Kind == OutageKind.Refused)
        {
            LogRefusedNone(upstream, since, outage.Failures);
        }
        else
        {
            LogLost(upstream, since, outage.Failures);
        }
    }

    /// <summary>It is not in the configuration any more.</summary>
    public void Gone(string upstream, UpstreamOutage outage)
    {
        var since = outage.Since.GetValueOrDefault();
        LogGone(upstream, since, outage.Failures);
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) has been failing since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Storage of upstream {Upstream} ({Address}) has been failing since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogStorageFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) has been rate-limiting since {Since:u} (refusals: {Refusals}): {Reason}")]
    private partial void LogLimits(string upstream, string address, DateTimeOffset since, int refusals, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Upstream {Upstream} ({Address}) has been refusing requests since {Since:u} (refusals: {Refusals}): {Reason}. " +
            "The audit log has each")]
    private partial void LogRefuses(string upstream, string address, DateTimeOffset since, int refusals, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} no longer refuses requests after {Seconds} s ({Refusals} refused requests since {Since:u})")]
    private partial void LogRefusesNoMore(string upstream, long seconds, int refusals, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} has refused no request for an hour; whether what it refused since {Since:u} " +
            "(refusals: {Refusals}) is granted now is not known")]
    private partial void LogRefusedNone(string upstream, DateTimeOffset since, int refusals);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Part of upstream {Upstream} ({Address}) has been failing since {Since:u} (failures: {Failures}): {Reason}")]
    private partial void LogPartFails(string upstream, string address, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} recovered after {Seconds} s ({Failures} failed requests since {Since:u})")]
    private partial void LogWell(string upstream, long seconds, int failures, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Storage of upstream {Upstream} recovered after {Seconds} s ({Failures} failed requests since {Since:u})")]
    private partial void LogStorageWell(string upstream, long seconds, int failures, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} takes requests again after {Seconds} s ({Refusals} limited requests since {Since:u})")]
    private partial void LogUnlimited(string upstream, long seconds, int refusals, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Part of upstream {Upstream} recovered after {Seconds} s ({Failures} failed requests since {Since:u})")]
    private partial void LogPartWell(string upstream, long seconds, int failures, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} is no longer configured; what failed since {Since:u} (failures: {Failures}) is over")]
    private partial void LogGone(string upstream, DateTimeOffset since, int failures);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Upstream {Upstream} has not been asked for an hour; whether what failed since {Since:u} (failures: {Failures}) " +
            "has been mended is not known")]
    private partial void LogLost(string upstream, DateTimeOffset since, int failures);
}
