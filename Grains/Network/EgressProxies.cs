using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Network;

/// <summary>
/// The proxies of the running configuration with their passwords, which are looked at twice a second; one that cannot be read leaves the last one in
/// use. The version changes whenever a password did, and is as long however many they are.
/// </summary>
internal sealed partial class EgressProxies : ITicking, IDisposable
{
    /// <summary>The key of the configuration for everything that leaves.</summary>
    private const string General = "egress.proxy";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly IConfigurationFeed _configuration;
    private readonly ILogger<EgressProxies> _logger;
    private readonly byte[] _stampKey = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile State _state = new(null, "", []);

    public EgressProxies(IConfigurationFeed configuration, TimeProvider time, ILogger<EgressProxies> logger)
    {
        (_configuration, _logger) = (configuration, logger);
        Check();
        configuration.Changed += Check;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    /// <summary>Raised after <see cref="Version"/> changed.</summary>
    public event Action? Changed;

    /// <summary>Says nothing of the passwords.</summary>
    public string Version => _state.Version;

    private EgressConfiguration Egress => _configuration.Current.Configuration.Egress;

    /// <summary>How connections to what the operator named are opened, beside upstreams.</summary>
    /// <param name="allowPrivate">Whether loopback and private addresses may be dialled.</param>
    /// <param name="named">The addresses that are configured.</param>
    public EgressSettings For(bool allowPrivate, params IEnumerable<Uri> named) => Of(null) is { } proxy
        ? new EgressSettings(allowPrivate) { Proxy = proxy, Targets = new ConfiguredTargets(named) }
        : new EgressSettings(allowPrivate);

    /// <summary>The proxy on the way to an upstream, or to everything else; <c>null</c> for none.</summary>
    public ProxySettings? Of(UpstreamConfiguration? upstream)
    {
        var (configured, source) = Configured(upstream);
        return configured is null ? EnvironmentProxy.Current.Settings
            : configured.Url is not { } url ? null
            : new ProxySettings(url, source) { Username = configured.Username, Password = PasswordOf(configured), Except = NoProxyList.Of(ExceptFor(source)) };
    }

    /// <summary>The settings of a proxy of an upstream that the configuration names, with what it is not used for; <c>null</c> when it names none.</summary>
    public (ProxyConfiguration Proxy, Secret? Password, IReadOnlyList<string> NoProxy, string Source)? Find(UpstreamConfiguration upstream)
    {
        var (configured, source) = Configured(upstream);
        return configured is null ? null : (configured, PasswordOf(configured), ExceptFor(source), source);
    }

    public void Dispose()
    {
        _configuration.Changed -= Check;
        _timer.Dispose();
    }

    void ITicking.Tick() => Check();

    private (ProxyConfiguration? Proxy, string Source) Configured(UpstreamConfiguration? upstream) =>
        upstream?.Proxy is { } own ? (own, $"upstreams.{upstream.Name}.proxy") : (Egress.Proxy, General);

    /// <summary>Who names a proxy for one upstream means all of that upstream.</summary>
    private IReadOnlyList<string> ExceptFor(string source) => source == General ? Egress.NoProxy : [];

    private Secret? PasswordOf(ProxyConfiguration proxy) => proxy.Password is { } source ? _state.Passwords.GetValueOrDefault(source)?.InUse : null;

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

        BackgroundFaults.Raise(Changed, handler => handler());
    }

    private State Read(State before)
    {
        var snapshot = _configuration.Current;
        var configuration = snapshot.Configuration;
        var sources = configuration.Upstreams.Values.Select(upstream => (Key: $"upstreams.{upstream.Name}.proxy", upstream.Proxy?.Password))
            .Prepend((Key: General, configuration.Egress.Proxy?.Password)).Where(source => source.Password is not null).DistinctBy(source => source.Password);
        var passwords = sources.ToDictionary(source => source.Password!, source => ReadOne(source.Key, source.Password!, before.Passwords.GetValueOrDefault(source.Password!)));
        var version = passwords.Count == 0 ? "" : $"-{ShortHash.Of(passwords.Values.Select(password => StampOf(password.InUse)))}";
        return new State(snapshot, version, passwords);
    }

    /// <summary>Looks at all files, without anything that lives longer. What comes from elsewhere is there from the beginning or never.</summary>
    private static bool HasChanged(State state)
    {
        var isAny = false;
        foreach (var password in state.Passwords.Values)
        {
            isAny |= password.Problem is not null || (password.Files is { } files && files.Look() != password.Seen);
        }

        return isAny;
    }

    private Known ReadOne(string key, SecretSource source, Known? before)
    {
        var files = before?.Files ?? (source is FileSecret file ? new WatchedFiles([file.Path], SecretSource.MaxFileBytes) : null);
        var seen = files?.Look();
        try
        {
            return new Known(source.Read(), null, files, seen);
        }
        catch (SecretUnavailableException fault)
        {
            if (fault.Message != before?.Problem)
            {
                LogUnavailable(key, fault.Message);
            }

            return new Known(before?.InUse, fault.Message, files, seen);
        }
    }

    private string StampOf(Secret? password) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_stampKey, Encoding.UTF8.GetBytes(password?.Reveal() ?? "")))[..8];

    [LoggerMessage(Level = LogLevel.Error, Message = "{Key}.password: {Problem}; what was read before stays in use")]
    private partial void LogUnavailable(string key, string problem);

    /// <param name="InUse">What was read last; <c>null</c> when it never could be.</param>
    /// <param name="Problem">Why it cannot be read now.</param>
    /// <param name="Files">Looks at its file; <c>null</c> when it comes from elsewhere.</param>
    /// <param name="Seen">What was in the file when it was read.</param>
    private sealed record Known(Secret? InUse, string? Problem, WatchedFiles? Files, string? Seen);

    private sealed record State(ConfigurationSnapshot? Of, string Version, Dictionary<SecretSource, Known> Passwords);
}
