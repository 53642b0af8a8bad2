using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>
/// The audit log. Writing to it never waits: events queue up to a bound, and beyond it they are counted as lost, in a metric and in the log
/// itself once it goes on. It ends after every other part of its host, and writes what they had to say to the last.
/// </summary>
public sealed partial class AuditLog : LastingLoop
{
    private const int Capacity = 16 * 1024;
    private const int MaxBatch = 256 * 1024;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>How long the end of a host may wait for the rest, also when its grace is over.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    /// <summary>How long it is told of that events were lost.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromMinutes(15);

    private readonly Channel<AuditEvent> _events = Channel.CreateBounded<AuditEvent>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly IConfigurationFeed _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLog> _logger;
    private readonly Utf8JsonWriter _json = new(Stream.Null);
    private readonly Outage _outage;
    private AuditSink _sink;
    private long _lost;
    private long _lostInAll;
    private long _lostAt;
    private volatile string _problem = "";

    public AuditLog(IConfigurationFeed configuration, IMeterFactory meters, TimeProvider time, ILogger<AuditLog> logger)
    {
        (_configuration, _time, _logger, _outage) = (configuration, time, logger, new Outage(time));
        _sink = Sink(configuration.Current.Configuration.Audit);
        Tail = new AuditTail(time);
        meters.Create("RegistryProxy.Audit").CreateObservableCounter(
            "registryproxy.audit.lost", () => Volatile.Read(ref _lostInAll), "{event}", "Audit events that could not be written");
    }

    /// <summary>The newest lines of each tenant.</summary>
    public AuditTail Tail { get; }

    /// <summary>
    /// That events are lost, or were within the last quarter of an hour, and since when; <c>null</c> when none was.
    /// </summary>
    public (string What, DateTimeOffset? Since)? Trouble
    {
        get
        {
            var lost = Volatile.Read(ref _lostInAll);
            if (_outage.Now is var (lasts, _))
            {
                return ($"The audit log cannot be written, {lost} events are lost so far: {_problem}", _time.GetUtcNow() - lasts);
            }

            return lost > 0 && _time.GetSteadyNow() - new TimeSpan(Volatile.Read(ref _lostAt)) is var ago && ago <= Told
                ? ($"{lost} events of the audit log are lost; it is written again.", _time.GetUtcNow() - ago) : null;
        }
    }

    /// <summary>Queues an event; returns at once.</summary>
    public void Write(AuditEvent entry)
    {
        if (!_events.Writer.TryWrite(entry))
        {
            Tail.Lose();
            Lose(1);
        }
    }

    /// <inheritdoc/>
    protected override async Task Finish()
    {
        _events.Writer.TryComplete();
        if (ExecuteTask is { } writing)
        {
            await writing.WaitAsync(Rest, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _sink.Dispose();
        await _json.DisposeAsync();
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var batch = new ArrayBufferWriter<byte>();
        while (await _events.Reader.WaitToReadAsync(CancellationToken.None))
        {
            var count = Fill(batch);
            try
            {
                FollowConfiguration();
                await _sink.Write(batch.WrittenMemory, CancellationToken.None);
                if (_outage.End(out _, out var lasted))
                {
                    LogWell(lasted.TotalSeconds);
                }
            }
            catch (Exception fault)
            {
                Lose(count);
                _problem = fault.Message;
                if (_outage.Fail())
                {
                    LogFailed(fault.Message);
                }

                _sink.Dispose();
                await Task.Delay(AfterFailure, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            batch.ResetWrittenCount();
        }
    }

    private long Fill(ArrayBufferWriter<byte> batch)
    {
        long count = 0;
        if (Interlocked.Exchange(ref _lost, 0) is var lost and > 0)
        {
            AuditLine.Write(new AuditEvent { Time = _time.GetUtcNow(), Event = "lost", Count = lost }, _json, batch);
            count += lost;
        }

        while (batch.WrittenCount < MaxBatch && _events.Reader.TryRead(out var entry))
        {
            var before = batch.WrittenCount;
            AuditLine.Write(entry, _json, batch);
            if (entry.Tenant is { } tenant)
            {
                Tail.Keep(tenant, entry.Time, batch.WrittenSpan[before..^1]);
            }

            count++;
        }

        return count;
    }

    private void FollowConfiguration()
    {
        var wanted = _configuration.Current.Configuration.Audit;
        if (wanted != _sink.Configuration)
        {
            _sink.Dispose();
            _sink = Sink(wanted);
        }
    }

    private AuditSink Sink(AuditConfiguration configuration) => new(configuration, _time, LogKept, LogRotated);

    private void Lose(long count)
    {
        Interlocked.Add(ref _lost, count);
        Interlocked.Add(ref _lostInAll, count);
        Volatile.Write(ref _lostAt, _time.GetSteadyNow().Ticks);
    }

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The audit log is full and cannot be rotated; writing continues and rotation is retried every minute: {Problem}")]
    private partial void LogKept(string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The audit log is rotated again")]
    private partial void LogRotated();

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The audit log is written again after {Seconds:F0} s; its next 'lost' line has the number of lost events")]
    private partial void LogWell(double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log cannot be written; events are lost until it can: {Problem}")]
    private partial void LogFailed(string problem);
}
