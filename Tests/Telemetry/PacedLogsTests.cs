using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>However many requests there are by which a line can be had, the log stays one that people read.</summary>
public sealed class PacedLogsTests : ILoggerProvider, ILogger
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _lines = [];
    private readonly PacedLogs _logs;

    public PacedLogsTests() => _logs = new PacedLogs(this, _time);

    [Fact]
    public void Lines_of_one_kind_come_at_a_pace_and_what_is_left_out_is_told()
    {
        var log = _logs.CreateLogger("RegistryProxy.Upstreams");
        for (var i = 0; i < 10_000; i++)
        {
            log.Log(LogLevel.Error, new EventId(1), "failed", null, Text);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(_lines.Count(line => line == "failed"), LogPace.MaxBurst, LogPace.MaxBurst + 10);
        log.Log(LogLevel.Error, new EventId(2), "another", null, Text);
        _logs.CreateLogger("RegistryProxy.Other").Log(LogLevel.Error, new EventId(1), "another", null, Text);
        Assert.Equal(["another", "another"], _lines[^2..]);

        _lines.Clear();
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 2 * LogPace.MaxBurst; i++)
        {
            log.Log(LogLevel.Error, new EventId(1), "failed", null, Text);
        }

        Assert.Matches("^9[0-9]{2} lines like the next one were left out$", _lines[0]);
        Assert.Equal(LogPace.MaxBurst, _lines.Count(line => line == "failed"));
    }

    [Fact]
    public void An_alarm_is_never_left_out()
    {
        for (var i = 0; i < 10 * LogPace.MaxBurst; i++)
        {
            _logs.CreateLogger("RegistryProxy.Storage").Log(LogLevel.Critical, new EventId(1), "alarm", null, Text);
        }

        Assert.Equal(10 * LogPace.MaxBurst, _lines.Count);
    }

    [Fact]
    public void Kinds_without_end_are_one_kind_together()
    {
        for (var i = 0; i < 10 * LogPace.MaxKinds; i++)
        {
            _logs.CreateLogger($"category {i}").Log(LogLevel.Warning, default, "line", null, Text);
        }

        Assert.Equal(LogPace.MaxKinds + LogPace.MaxBurst, _lines.Count);
    }

    [Fact]
    public void What_kestrel_says_of_its_clients_is_no_line_and_what_it_says_of_us_is_one()
    {
        var log = _logs.CreateLogger(Kestrel);
        log.Log(LogLevel.Error, new EventId(67, "RequestBodyDrainBodyReaderInvalidState"), "drain", new InvalidOperationException(), Text);
        log.Log(LogLevel.Error, new EventId(13, "ApplicationError"), "bad", new BadHttpRequestException("bad chunk"), Text);
        _logs.CreateLogger($"{Kestrel}.Http2").Log(LogLevel.Critical, new EventId(60, "Http2QueueOperationsExceeded"), "queue", null, Text);
        _logs.CreateLogger($"{Kestrel}.Connections").Log(LogLevel.Warning, new EventId(24, "ConnectionRejected"), "rejected", null, Text);
        Assert.Empty(_lines);
        log.Log(LogLevel.Error, new EventId(13, "ApplicationError"), "ours", new InvalidOperationException(), Text);
        log.Log(LogLevel.Warning, new EventId(22, "HeartbeatSlow"), "slow", null, Text);
        _logs.CreateLogger("RegistryProxy").Log(LogLevel.Error, new EventId(67), "of another", null, Text);
        Assert.Equal(["ours", "slow", "of another"], _lines);
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    void IDisposable.Dispose()
    {
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Add(formatter(state, exception));

    private static string Text(string text, Exception? fault) => text;
}
