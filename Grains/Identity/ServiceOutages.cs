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

    private readonly ConcurrentDictionary<string, ServiceOutage> _known = new();
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceOutages> _logger;
    private readonly Counter<long> _failures;

    public ServiceOutages(IMeterFactory meters, TimeProvider time, ILogger<ServiceOutages> logger)
    {
        (_time, _logger) = (time, logger);
        var meter = meters.Create("RegistryProxy.Grains");
        _failures = meter.CreateCounter<long>(
            "registryproxy.authenticator.failures", "{try}", "Questions that the server of an authenticator did not answer, and why");
        meter.CreateObservableGauge(
            "registryproxy.authenticator.failing", Lasting, "s",
            "For how long the server of an authenticator has been failing; 0 when that has ended");
    }

    /// <summary>The server of an authenticator.</summary>
    public ServiceOutage Of(string authenticator) => _known.GetOrAdd(authenticator, name => new ServiceOutage(name, this));

    /// <summary>Ends what lasts of all others: they are not configured any more.</summary>
    public void Keep(IEnumerable<string> authenticators)
    {
        foreach (var gone in _known.Keys.Except(authenticators).ToList())
        {
            _known[gone].End();
        }
    }

    private List<Measurement<double>> Lasting() => [.. _known.Values.Where(known => known.WasSeen).Select(known =>
        new Measurement<double>(known.SecondsAt(_time.GetSteadyNow()), new KeyValuePair<string, object?>("authenticator", known.Name)))];

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The server of authenticator {Authenticator} fails since {Since:u} (failures: {Failures}): {Reason}. " +
            "Logins that need it get 503")]
    private partial void LogFails(string authenticator, DateTimeOffset since, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The server of authenticator {Authenticator} answers again after {Seconds} s ({Failures} failures since {Since:u})")]
    private partial void LogWell(string authenticator, long seconds, int failures, DateTimeOffset since);

    /// <summary>How one of them fares. Guarded by itself.</summary>
    internal sealed class ServiceOutage(string name, ServiceOutages all)
    {
        private readonly HashSet<string> _said = [];
        private DateTimeOffset? _since;
        private TimeSpan _beganAt;
        private TimeSpan _failedAt;
        private bool _hasAnswered;
        private int _failures;

        public string Name => name;

        /// <summary>Whether there ever was one.</summary>
        public bool WasSeen { get; private set; }

        /// <summary>It did not answer, or what says nothing.</summary>
        public void Failed(Exception fault)
        {
            var known = ExchangeFault.Of(fault);
            Failed(known.Kind == "closed" ? new ExchangeFault("answer", fault.Message) : known);
        }

        /// <summary>The same, and why.</summary>
        public void Failed(ExchangeFault fault)
        {
            all._failures.Add(1, new("authenticator", name), new("reason", fault.Kind));
            lock (_said)
            {
                var now = all._time.GetSteadyNow();
                (_since, _beganAt) = _since is null ? (all._time.GetUtcNow(), now) : (_since, _beganAt);
                (WasSeen, _hasAnswered, _failedAt, _failures) = (true, false, now, _failures + 1);
                if (_said.Count < MaxReasons && _said.Add(fault.Reason))
                {
                    all.LogFails(name, _since.GetValueOrDefault(), _failures, fault.Reason);
                }
            }
        }

        /// <summary>It answered.</summary>
        public void Answered()
        {
            if (!WasSeen)
            {
                return;
            }

            lock (_said)
            {
                _hasAnswered = true;
                var now = all._time.GetSteadyNow();
                if (_since is { } since && now >= _failedAt + Settled)
                {
                    all.LogWell(name, (long)(now - _beganAt).TotalSeconds, _failures, since);
                    End();
                }
            }
        }

        public void End()
        {
            lock (_said)
            {
                (_since, _failures) = (null, 0);
                _said.Clear();
            }
        }

        public double SecondsAt(TimeSpan now)
        {
            lock (_said)
            {
                return _since is null || now >= _failedAt + (_hasAnswered ? Settled : Unasked) ? 0
                    : Math.Max((now - _beganAt).TotalSeconds, 1);
            }
        }
    }
}
