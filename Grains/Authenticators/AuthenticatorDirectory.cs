using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Files;
using RegistryProxy.Grains.Identity;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// The authenticators of the running configuration. Their files are looked at twice a second; a broken one changes nothing. The version
/// changes whenever what they say may have changed, and is as long however many they are.
/// </summary>
internal sealed partial class AuthenticatorDirectory : ITicking, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly IConfigurationFeed _configuration;
    private readonly AuthenticatorFactory _factory;
    private readonly ILogger<AuthenticatorDirectory> _logger;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile State _state;

    public AuthenticatorDirectory(
        IConfigurationFeed configuration, AuthenticatorFactory factory, TimeProvider time, ILogger<AuthenticatorDirectory> logger)
    {
        _configuration = configuration;
        _factory = factory;
        _logger = logger;
        _state = Read(State.Nothing);
        configuration.Changed += Check;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    /// <summary>Raised after <see cref="Version"/> changed.</summary>
    public event Action? Changed;

    public string Version => _state.Version;

    /// <summary>The authenticators of a tenant, in their order.</summary>
    public IEnumerable<IAuthenticator> Of(TenantConfiguration tenant)
    {
        var state = _state;
        return tenant.Authenticators.Select(name => state.Find(name)).OfType<IAuthenticator>();
    }

    /// <summary>One authenticator of a tenant; <c>null</c> when the tenant has none of that name.</summary>
    public IAuthenticator? Find(TenantConfiguration tenant, string name) => tenant.Authenticators.Contains(name) ? _state.Find(name) : null;

    /// <summary>A hash that no password of any user belongs to, of the highest cost in use: what an unknown user's password is checked against.</summary>
    public string Decoy => _state.Decoy;

    public void Dispose()
    {
        _configuration.Changed -= Check;
        _timer.Dispose();
        foreach (var entry in _state.Entries.Values)
        {
            (entry.Authenticator as IDisposable)?.Dispose();
        }
    }

    void ITicking.Tick() => Check();

    private void Check()
    {
        State before, next;
        lock (_gate)
        {
            before = _state;
            if (ReferenceEquals(before.Of, _configuration.Current) && !HasChanged(before))
            {
                return;
            }

            next = _state = Read(before);
        }

        if (next.Version != before.Version)
        {
            BackgroundFaults.Raise(Changed, handler => handler());
        }

        foreach (var gone in before.Entries.Values.Select(entry => entry.Authenticator).Except(next.Entries.Values.Select(entry => entry.Authenticator)))
        {
            (gone as IDisposable)?.Dispose();
        }
    }

    private State Read(State before)
    {
        var snapshot = _configuration.Current;
        var entries = snapshot.Configuration.Authenticators.Values.ToDictionary(
            configuration => configuration.Name, configuration => ReadOne(configuration, before.Entries.GetValueOrDefault(configuration.Name)));
        var cost = entries.Values.Select(entry => (entry.Authenticator as HtpasswdAuthenticator)?.HighestCost).Max() ?? "10";
        return new State(
            snapshot,
            $"{snapshot.Version}-{ShortHash.Of(entries.Values.Select(entry => entry.InUse))}",
            entries,
            $"$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    }

    /// <summary>Looks at the files of all, without anything that lives longer.</summary>
    private static bool HasChanged(State state)
    {
        var isAny = false;
        foreach (var entry in state.Entries.Values)
        {
            isAny |= !entry.IsAsSeen(entry.Files.Look());
        }

        return isAny;
    }

    private Known ReadOne(AuthenticatorConfiguration configuration, Known? before)
    {
        var isSame = before is not null && ReferenceEquals(before.Configuration, configuration);
        var files = isSame ? before!.Files : new WatchedFiles(configuration.Files, HtpasswdFile.MaxBytes);
        var fingerprint = files.Look();
        if (isSame && before!.IsAsSeen(fingerprint))
        {
            return before;
        }

        var (authenticator, problem) = _factory.TryCreate(configuration);
        if (authenticator is not null)
        {
            return new Known(configuration, files, authenticator, fingerprint, fingerprint);
        }

        LogBroken(configuration.Name, problem);
        return new Known(configuration, files, before?.Authenticator, before?.InUse ?? "", fingerprint);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The files of authenticator {Authenticator} are not used as they are now: {Problem}")]
    private partial void LogBroken(string authenticator, string problem);

    private sealed record Known(AuthenticatorConfiguration Configuration, WatchedFiles Files, IAuthenticator? Authenticator, string InUse, string Seen)
    {
        /// <summary>Files that cannot be read just now are being replaced.</summary>
        public bool IsAsSeen(string fingerprint) => Seen == fingerprint || (fingerprint.Length == 0 && Configuration.Files.Count > 0);
    }

    private sealed record State(ConfigurationSnapshot? Of, string Version, Dictionary<string, Known> Entries, string Decoy)
    {
        public static State Nothing { get; } = new(null, "", [], "");

        public IAuthenticator? Find(string name) => Entries.GetValueOrDefault(name)?.Authenticator;
    }
}
