using System.Diagnostics.Metrics;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Says when limits begin to be kept in equal parts, and when they are shared again: a line each, and a gauge in between.
/// </summary>
internal sealed partial class UnsharedNotice : BackgroundLoop
{
    private readonly LimitShares _shares;
    private readonly TimeProvider _time;
    private readonly ILogger<UnsharedNotice> _logger;
    private UnsharedSight? _said;

    public UnsharedNotice(LimitShares shares, IMeterFactory meters, TimeProvider time, ILogger<UnsharedNotice> logger)
    {
        (_shares, _time, _logger) = (shares, time, logger);
        meters.Create("RegistryProxy.Gateway").CreateObservableGauge(
            "registryproxy.gateway.limits_unshared", () => shares.Unshared.Lasts.TotalSeconds, "s",
            "For how long the cluster has not shared out limits to this gateway, which keeps equal parts; 0 when it does");
    }

    /// <summary>Says what is news.</summary>
    internal void Look()
    {
        var now = _shares.Unshared.Now;
        if (now is not null && _said is null)
        {
            _said = now;
            var reason = UnsharedLimits.ReasonOf(now.Cause);
            LogBegan(_shares.Gateways, now.Since, now.Tenant, reason);
        }
        else if (now is null && _said is not null)
        {
            var seconds = _time.GetElapsedTime(_said.Began).TotalSeconds;
            LogEnded(seconds);
            _said = null;
        }
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(LimitSharing.Period, _time, stoppingToken);
            Look();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Limits are kept in equal parts of {Gateways} gateways since {Since:u}, that of tenant {Tenant} among them, because {Reason}: " +
        "clients may get 429 before their limit is reached")]
    private partial void LogBegan(int gateways, DateTimeOffset since, string tenant, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Limits are shared by demand again, after {Seconds:F0} s")]
    private partial void LogEnded(double seconds);
}
