using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the configuration of this silo at the revision of its cluster, and offers a higher one to it.</summary>
internal sealed partial class RevisionFollower : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How long the cluster may not be agreed with before that is more than a silo that moves.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>How many errors of parts are told at once.</summary>
    private const int MaxFaults = 100;

    private readonly IGrainFactory _grains;
    private readonly RevisionFeed _feed;
    private readonly ISiloStatusOracle _silo;
    private readonly TimeProvider _time;
    private readonly ILogger<RevisionFollower> _logger;
    private readonly Outage _outage;
    private bool _isStuck;
    private string? _said;
    private string? _alarmed;

    public RevisionFollower(
        IGrainFactory grains, RevisionFeed feed, ISiloStatusOracle silo, TimeProvider time, IMeterFactory meters,
        ILogger<RevisionFollower> logger)
    {
        (_grains, _feed, _silo, _time, _logger, _outage) = (grains, feed, silo, time, logger, new Outage(time));
        meters.Create("RegistryProxy.Grains").CreateObservableGauge(
            "registryproxy.configuration.waiting", () => IsWell ? 0 : 1, null,
            "1 while the files of this silo are good, the cluster follows others or cannot be agreed with, and an operator has to act");
    }

    private bool IsWell => _feed.Conflict is null && _feed.Alarm is null && !Volatile.Read(ref _isStuck);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (_silo.CurrentStatus == SiloStatus.Active)
                {
                    await _grains.GetGrain<IRevisionSyncGrain>(0).Agree();
                    Agreed();
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(fault);
            }

            Report();
            await Task.Delay(_feed.Settled.IsCompleted ? Period : Period / 10, _time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Agreed()
    {
        if (_outage.End(out _, out var lasted) && _isStuck)
        {
            Volatile.Write(ref _isStuck, false);
            LogAgreed(lasted.TotalSeconds);
        }
    }

    private void Failed(Exception fault)
    {
        _outage.Fail();
        if (!_isStuck && _outage.Now is { } now && now.Lasts >= Patience)
        {
            Volatile.Write(ref _isStuck, true);
            LogStuck(now.Lasts.TotalSeconds, fault);
        }
        else
        {
            LogLater(fault);
        }
    }

    private void Report()
    {
        if (_feed.Conflict is { } conflict && conflict != _said)
        {
            LogConflict(conflict);
        }

        if (_feed.Alarm is { } alarm && alarm != _alarmed)
        {
            LogAlarm(alarm);
            foreach (var error in _feed.Faults.SelectMany(fault => fault.Errors).Take(MaxFaults))
            {
                LogFault(error.ToString());
            }
        }

        if ((_said ?? _alarmed) is not null && _feed.Conflict is null && _feed.Alarm is null)
        {
            LogWell(_feed.Current.Configuration.Revision);
        }

        (_said, _alarmed) = (_feed.Conflict, _feed.Alarm);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: {Alarm}")]
    private partial void LogAlarm(string alarm);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "ALARM: the cluster could not be asked for {Seconds:F0} s which configuration it follows, nor told of the files of " +
            "this silo: changes of them do not take effect; retrying")]
    private partial void LogStuck(double seconds, Exception fault);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The cluster says again which configuration it follows, after {Seconds:F0} s")]
    private partial void LogAgreed(double seconds);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The files of this silo are what the cluster follows again: revision {Revision}")]
    private partial void LogWell(long revision);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: this silo is not ready: {Conflict}")]
    private partial void LogConflict(string conflict);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster's configuration could not be read yet; retrying")]
    private partial void LogLater(Exception fault);
}
