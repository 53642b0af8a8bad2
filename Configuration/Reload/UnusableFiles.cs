using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Files of the running configuration that cannot be used now, while what they held before is. The log has one line when that begins, one
/// for each other problem, and one when it ends.
/// </summary>
public sealed partial class UnusableFiles
{
    /// <summary>Sections whose outages are shown in metrics, those that have ended with them.</summary>
    private const int MaxShown = 100;

    private static readonly Meter Meter = new("RegistryProxy.Configuration");

    /// <summary>Those that are looked after, for as long as somebody does.</summary>
    private static readonly ConditionalWeakTable<UnusableFiles, object> All = [];

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HashSet<string> _seen = [];
    private readonly ConcurrentDictionary<string, Outage> _outages = new();

    static UnusableFiles() => Meter.CreateObservableGauge(
        "registryproxy.configuration.unusable", static () => All.SelectMany(files => files.Key.Lasting()), "s",
        "For how long files that a section of the configuration names cannot be used; 0 when that has ended");

    /// <param name="time">The clock.</param>
    /// <param name="logger">For operators.</param>
    public UnusableFiles(TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        All.Add(this, logger);
    }

    /// <summary>What is wrong with the files of a section as the log says it; <c>null</c> while they can be used.</summary>
    public (DateTimeOffset Since, string Problem)? ProblemOf(string section) =>
        _outages.TryGetValue(section, out var outage) ? (outage.Since, Say(section, outage)) : null;

    /// <summary>All sections of this process whose files cannot be used now, since when and why.</summary>
    public static IReadOnlyList<(string Section, DateTimeOffset Since, string Problem)> Now() =>
    [
        .. All.SelectMany(files => files.Key._outages).OrderBy(outage => outage.Key, StringComparer.Ordinal)
            .Select(outage => (outage.Key, outage.Value.Since, Say(outage.Key, outage.Value))),
    ];

    /// <summary>They were read, and cannot be used.</summary>
    /// <param name="section">Where the configuration names them: <c>upstreams.hub.tls</c>.</param>
    /// <param name="problem">Why; nothing of what is in them.</param>
    public void Failed(string section, string problem)
    {
        var before = _outages.GetValueOrDefault(section);
        var outage = new Outage(
            before?.Since ?? _time.GetUtcNow(), before?.BeganAt ?? _time.GetSteadyNow(), (before?.Failures ?? 0) + 1, problem);
        _outages[section] = outage;
        lock (_seen)
        {
            _ = _seen.Count < MaxShown && _seen.Add(section);
        }

        if (before?.Problem != problem)
        {
            LogFailed(section, outage.Since, outage.Failures, problem);
        }
    }

    /// <summary>They were read, and are in use.</summary>
    public void Succeeded(string section)
    {
        if (_outages.TryRemove(section, out var outage))
        {
            LogSucceeded(section, outage.Failures, outage.Since);
        }
    }

    /// <summary>Forgets a section whose former content is not in use any more.</summary>
    public void Forget(string section) => _outages.TryRemove(section, out _);

    /// <summary>Forgets all but these sections: the others are not configured any more.</summary>
    public void Keep(IEnumerable<string> sections)
    {
        if (_outages.IsEmpty)
        {
            return;
        }

        foreach (var gone in _outages.Keys.Except(sections).ToList())
        {
            _outages.TryRemove(gone, out _);
        }
    }

    private List<Measurement<double>> Lasting()
    {
        lock (_seen)
        {
            return [.. _seen.Select(section => new Measurement<double>(
                _outages.TryGetValue(section, out var outage) ? Math.Max((_time.GetSteadyNow() - outage.BeganAt).TotalSeconds, 1) : 0,
                new KeyValuePair<string, object?>("section", section)))];
        }
    }

    private static string Say(string section, Outage outage) => string.Create(
        CultureInfo.InvariantCulture,
        $"{section} cannot be used since {outage.Since:u} (failures: {outage.Failures}): {outage.Problem}; " +
        $"the previous content stays in use");

    [LoggerMessage(Level = LogLevel.Error,
        Message = "{Section} cannot be used since {Since:u} (failures: {Failures}): {Problem}; the previous content stays in use")]
    private partial void LogFailed(string section, DateTimeOffset since, int failures, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Section} can be used again after {Failures} failures since {Since:u}")]
    private partial void LogSucceeded(string section, int failures, DateTimeOffset since);

    private sealed record Outage(DateTimeOffset Since, TimeSpan BeganAt, int Failures, string Problem);
}
