using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Network;

namespace RegistryProxy.Grains.Upstreams.Network;

/// <summary>
/// How connections to upstreams are opened, as their files say now. The files are looked at twice a second; a broken one changes nothing. The version
/// changes whenever the content of a file did, and is as long however many they are.
/// </summary>
internal sealed partial class UpstreamNetworks : ITicking, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly IConfigurationFeed _configuration;
    private readonly EgressProxies _proxies;
    private readonly TimeProvider _time;
    private readonly ILogger<UpstreamNetworks> _logger;
    private readonly byte[] _stampKey = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile State _state = new(null, "", []);

    public UpstreamNetworks(IConfigurationFeed configuration, EgressProxies proxies, TimeProvider time, ILogger<UpstreamNetworks> logger)
    {
        (_configuration, _proxies, _time, _logger) = (configuration, proxies, time, logger);
        _state = Read(_state);
        configuration.Changed += Check;
        proxies.Changed += Raise;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    /// <summary>Raised after <see cref="Version"/> changed.</summary>
    public event Action? Changed;

    /// <summary>Says nothing of what is in the files.</summary>
    public string Version => _state.Version + _proxies.Version;

    /// <summary>How connections for an upstream are opened; <c>null</c> when it is not configured here.</summary>
    public EgressSettings? Of(string upstream) => _configuration.Current.Configuration.Upstreams.TryGetValue(upstream, out var known) ? Of(known) : null;

    /// <summary>How connections for an upstream are opened.</summary>
    public EgressSettings Of(UpstreamConfiguration upstream)
    {
        var settings = new EgressSettings(upstream.AllowPrivate) { Tls = _state.Tls(upstream), Proxy = _proxies.Of(upstream) };
        return settings.IsPlain ? settings : settings with { Targets = new ConfiguredTargets(UpstreamPreset.AddressesOf(upstream), upstream.RedirectHosts) };
    }

    /// <summary>What gateways are told; <c>null</c> for nothing out of the ordinary.</summary>
    public UpstreamNetworkSnapshot? SnapshotOf(UpstreamConfiguration upstream)
    {
        var (tls, proxy) = (_state.Tls(upstream), _proxies.Find(upstream));
        return tls is null && proxy is null ? null : new UpstreamNetworkSnapshot
        {
            Authorities = tls?.Authorities, Certificate = tls?.Certificate, Key = tls?.Key,
            Proxy = proxy is not var (configured, password, noProxy, source) ? null : new ProxySnapshot
            {
                Url = configured.Url, Username = configured.Username, Password = password, NoProxy = noProxy, Source = source,
            },
        };
    }

    public void Dispose()
    {
        _configuration.Changed -= Check;
        _proxies.Changed -= Raise;
        _timer.Dispose();
    }

    void ITicking.Tick() => Check();

    private void Check()
    {
        lock (_gate)
        {
            var before = _state;
            if (ReferenceEquals(before.Of, _configuration.Current) && !HasChanged(before))
            {
                return;
            }

            _state = Read(before);
            if (_state.Version == before.Version)
            {
                return;
            }
        }

        Raise();
    }

    private void Raise() => BackgroundFaults.Raise(Changed, handler => handler());

    private State Read(State before)
    {
        var snapshot = _configuration.Current;
        var entries = snapshot.Configuration.Upstreams.Values.Where(upstream => upstream.Tls is not null)
            .ToDictionary(upstream => upstream.Name, upstream => ReadOne(upstream.Name, upstream.Tls!, before.Entries.GetValueOrDefault(upstream.Name)));
        var version = entries.Count == 0 ? "" : $"-{ShortHash.Of(entries.Select(entry => StampOf(entry.Key, entry.Value.Material)))}";
        return new State(snapshot, version, entries);
    }

    /// <summary>Looks at the files of all, without anything that lives longer.</summary>
    private static bool HasChanged(State state)
    {
        var isAny = false;
        foreach (var entry in state.Entries.Values)
        {
            isAny |= entry.Refused is not null || entry.Watched.Look() != entry.Seen;
        }

        return isAny;
    }

    private Known ReadOne(string upstream, UpstreamTls files, Known? before)
    {
        var watched = before is not null && before.Files == files ? before.Watched : new WatchedFiles(files.Files);
        var seen = watched.Look();
        if (before is not null && before.Files == files && before.Seen == seen && before.Refused is null)
        {
            return before;
        }

        var inUse = before is not null && before.Files == files ? before.Material : null;
        try
        {
            var next = TlsFiles.Read(files);
            var problem = TlsFiles.Refuse(inUse, next, _time.GetUtcNow());
            if (problem is null)
            {
                return new Known(files, watched, seen, next);
            }

            if (before!.Seen != seen || before.Refused != problem)
            {
                LogRefused(upstream, problem);
            }

            return new Known(files, watched, seen, inUse, problem);
        }
        catch (Exception fault) when (fault is IOException or CryptographicException)
        {
            LogRefused(upstream, fault.Message);
        }

        return new Known(files, watched, seen, inUse);
    }

    private string StampOf(string upstream, TlsMaterial? material) => Convert.ToHexStringLower(HMACSHA256.HashData(
        _stampKey, Encoding.UTF8.GetBytes($"{upstream}\n{material?.Authorities}\n{material?.Certificate}\n{material?.Key?.Reveal()}")))[..8];

    [LoggerMessage(Level = LogLevel.Error, Message = "upstreams.{Upstream}.tls: the files are not used as they are now, what was read before stays in use: {Problem}")]
    private partial void LogRefused(string upstream, string problem);

    /// <param name="Files">The files.</param>
    /// <param name="Watched">Looks at them.</param>
    /// <param name="Seen">What was in them when they were last looked at.</param>
    /// <param name="Material">What was in them when they were last of use; <c>null</c> when they never were.</param>
    /// <param name="Refused">Why what is in them now must not be used yet: that may change with the time, so it is looked at again.</param>
    private sealed record Known(UpstreamTls Files, WatchedFiles Watched, string Seen, TlsMaterial? Material, string? Refused = null);

    private sealed record State(ConfigurationSnapshot? Of, string Version, Dictionary<string, Known> Entries)
    {
        public TlsMaterial? Tls(UpstreamConfiguration upstream) => upstream.Tls is null ? null : Entries.GetValueOrDefault(upstream.Name)?.Material;
    }
}
