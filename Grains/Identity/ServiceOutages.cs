using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity;

/// <summary>
/// How the servers that authenticators ask fare: directories, issuers, plug-ins, token services. The log has one line when one begins to
/// fail, one for each other reason, and one when it answers again; failures are counted, and a gauge lasts as long as the outage.
/// </summary>
internal sealed partial class ServiceOutages
{
    /// <summary>Reasons of one outage that are logged.</summary>
    public const int MaxReasons = 8;

    /// <summary>An answer so soon after a failure ends nothing: several servers behind one name are one outage.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>When nobody has logged in for so long it is not known to go on.</summary>
    private static readonly TimeSpan Unasked = TimeSpan.FromHours(1);

    /// <summary>How long it is shown of what was taken from the configuration that nothing fails any more.</summary>
    private static readonly TimeSpan Shown = TimeSpan.FromMinutes(10);

    /// <summary>Authenticators that are shown; tenants name theirs themselves. Those beyond have their lines and their counts.</summary>
    private const int MaxKnown = 10_000;

    /// <summary>Authenticators of the operator that are told apart in metrics.</summary>
    private const int MaxOfOperator = 25;

    /// <summary>Authenticators with a reason that are told apart; there are some dozen reasons.</summary>
    private const int MaxCounted = 30;

    private readonly ConcurrentDictionary<string, ServiceOutage> _known = new();
    private readonly ServerLabels _labels = new(MaxOfOperator);
    private readonly ServerSeries _counted;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceOutages> _logger;
    private readonly Counter<long> _failures;

    public ServiceOutages(IMeterFactory meters, TimeProvider time, ILogger<ServiceOutages> logger)
    {
        (_time, _logger, _counted) = (time, logger, new ServerSeries(_labels, MaxCounted));
        var meter = meters.Create("RegistryProxy.Grains");
        _failures = meter.CreateCounter<long>(
            "registryproxy.authenticator.failures", "{try}", "Questions that the server of an authenticator did not answer, and why");
        meter.CreateObservableGauge(
            "registryproxy.authenticator.failing", Lasting, "s",
            "For how long the server of an authenticator has been failing; 0 when that has ended");
    }

    /// <summary>The server of an authenticator.</summary>
    public ServiceOutage Of(string authenticator)
    {
        var server = _known.TryGetValue(authenticator, out var known) ? known : new ServiceOutage(authenticator, this);
        server.GoneAt = null;
        return _known.Count < MaxKnown ? _known.GetOrAdd(authenticator, server) : server;
    }

    /// <summary>Ends what lasts of all others: they are not configured any more.</summary>
    public void Keep(IEnumerable<string> authenticators)
    {
        var kept = authenticators.ToHashSet();
        foreach (var server in _known.Values.Where(known => !kept.Contains(known.Name)))
        {
            server.Leave();
        }

        Forget();
    }

    /// <summary>Those that fail now: since when, and the last reason.</summary>
    public IReadOnlyList<(string Authenticator, DateTimeOffset Since, string Reason)> Failing()
    {
        var now = _time.GetSteadyNow();
        return [.. _known.Values.Select(known => known.At(now)).OfType<(string, DateTimeOffset, string)>().Order()];
    }

    /// <summary>Those that were shown for long enough, also where nobody looks.</summary>
    private void Forget()
    {
        var now = _time.GetSteadyNow();
        foreach (var (name, server) in _known)
        {
            if (now - server.GoneAt > Shown)
            {
                _known.TryRemove(new(name, server));
            }
        }
    }

    private List<Measurement<double>> Lasting()
    {
        Forget();
        var now = _time.GetSteadyNow();
        return [.. _known.Values.Where(known => known.WasSeen).GroupBy(known => _labels.Of(known.Name)).Select(known =>
            new Measurement<double>(known.Max(one => one.SecondsAt(now)), new KeyValuePair<string, object?>("authenticator", known.Key)))];
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The server of authenticator {Authenticator} has been failing since {Since:u} (failures: {Failures}): {Reason}. " +
            "Logins that need it get 503")]
    private partial void LogFails(string authenticator, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The server of authenticator {Authenticator} answers again after {Seconds} s ({Failures} failures since {Since:u})")]
    private partial void LogWell(string authenticator, long seconds, int failures, DateTimeOffset since);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The server of authenticator {Authenticator} has not been asked for an hour; whether what failed since {Since:u} " +
            "(failures: {Failures}) has been mended is not known")]
    private partial void LogLost(string authenticator, DateTimeOffset since, int failures);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Authenticator {Authenticator} is no longer configured; its server failed since {Since:u} (failures: {Failures})")]
    private partial void LogGone(string authenticator, DateTimeOffset since, int failures);

    /// <summary>
    /// How one of them fares. Each of the questions that it is asked is well again by an answer of its own. Guarded by itself.
    /// </summary>
    internal sealed class ServiceOutage(string name, ServiceOutages all)
    {
        private readonly HashSet<string> _said = [];
        private readonly Dictionary<string, (TimeSpan FailedAt, bool HasAnswered)> _open = [];
        private DateTimeOffset? _since;
        private TimeSpan _beganAt;
        private TimeSpan _answeredAt;
        private int _failures;
        private string _reason = "";

        public string Name => name;

        /// <summary>Whether there ever was one.</summary>
        public bool WasSeen { get; private set; }

        /// <summary>When it was taken from the configuration; <c>null</c> while it is there.</summary>
        public TimeSpan? GoneAt { get; set; }

        /// <summary>It did not answer, or what says nothing.</summary>
        /// <param name="fault">Why.</param>
        /// <param name="question">What it was asked; a word of the code, empty where it is asked one thing alone.</param>
        public void Failed(Exception fault, string question = "") =>
            Failed(ExchangeFault.Find(fault) ?? new ExchangeFault("answer", fault.Message), question);

        /// <summary>The same, and why.</summary>
        public void Failed(ExchangeFault fault, string question = "")
        {
            all._failures.Add(1, new("authenticator", all._counted.Of(name, fault.Kind)), new("reason", fault.Kind));
            lock (_said)
            {
                if (GoneAt is not null)
                {
                    return;
                }

                var now = all._time.GetSteadyNow();
                EndOver(now);
                (_since, _beganAt) = _since is null ? (all._time.GetUtcNow(), now) : (_since, _beganAt);
                (WasSeen, _failures, _open[question]) = (true, _failures + 1, (now, false));
                var reason = _reason = question.Length == 0 ? fault.Reason : $"{question}: {fault.Reason}";
                if (_said.Count < MaxReasons && _said.Add(reason))
                {
                    all.LogFails(name, _since.GetValueOrDefault(), _failures, reason);
                }
            }
        }

        /// <summary>It answered.</summary>
        public void Answered(string question = "")
        {
            if (!WasSeen)
            {
                return;
            }

            lock (_said)
            {
                var now = all._time.GetSteadyNow();
                if (_open.TryGetValue(question, out var asked))
                {
                    (_open[question], _answeredAt) = (asked with { HasAnswered = true }, now);
                }

                EndOver(now);
            }
        }

        /// <summary>It is not configured any more.</summary>
        public void Leave()
        {
            lock (_said)
            {
                GoneAt ??= all._time.GetSteadyNow();
                if (_since is { } since)
                {
                    all.LogGone(name, since, _failures);
                    End();
                }
            }
        }

        public double SecondsAt(TimeSpan now)
        {
            lock (_said)
            {
                EndOver(now);
                return _since is null ? 0 : Math.Max((now - _beganAt).TotalSeconds, 1);
            }
        }

        /// <summary>Since when it fails, and the last reason; <c>null</c> while it does not.</summary>
        public (string Authenticator, DateTimeOffset Since, string Reason)? At(TimeSpan now)
        {
            lock (_said)
            {
                EndOver(now);
                return _since is { } since ? (name, since, _reason) : null;
            }
        }

        /// <summary>Ends it when nothing fails any more, or nobody knows: whoever looks finds out, when nobody logs in too.</summary>
        private void EndOver(TimeSpan now)
        {
            if (_since is not { } since || _open.Values.Any(one => IsOpen(one, now)))
            {
                return;
            }

            if (_open.Values.All(one => one.HasAnswered))
            {
                all.LogWell(name, (long)(_answeredAt - _beganAt).TotalSeconds, _failures, since);
            }
            else
            {
                all.LogLost(name, since, _failures);
            }

            End();
        }

        private static bool IsOpen((TimeSpan FailedAt, bool HasAnswered) one, TimeSpan now) =>
            now < one.FailedAt + (one.HasAnswered ? Settled : Unasked);

        private void End()
        {
            (_since, _failures) = (null, 0);
            _open.Clear();
            _said.Clear();
        }
    }
}
