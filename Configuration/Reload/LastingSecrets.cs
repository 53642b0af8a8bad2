using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Secrets that are read on every use. While one cannot be read, what was read last for the same purpose stays in use, and operators are
/// told since when and why. There is one for each section that is configured, and it goes with its section.
/// </summary>
public sealed class LastingSecrets : ITicking, IDisposable
{
    /// <summary>The password with which a directory is searched.</summary>
    public const string BindPassword = "bindPassword";

    /// <summary>What a provider knows this registry by, when people log in by browser.</summary>
    public const string ClientSecret = "clientSecret";

    /// <summary>How soon it is noticed that one can be read again, if nobody uses it meanwhile.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly string[] AuthenticatorKeys = [BindPassword, ClientSecret];

    private readonly IConfigurationFeed _configuration;
    private readonly UnusableFiles _unusable;
    private readonly ConcurrentDictionary<string, Held> _held = new();
    private readonly ITimer _timer;
    private volatile bool _isAnyBroken;

    /// <param name="configuration">The running configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For operators.</param>
    public LastingSecrets(IConfigurationFeed configuration, TimeProvider time, ILogger<LastingSecrets> logger)
    {
        (_configuration, _unusable) = (configuration, new UnusableFiles(time, logger));
        configuration.Changed += Keep;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    /// <summary>The section of the credentials of an upstream.</summary>
    public static string OfUpstream(string upstream) => $"upstreams.{upstream}.credentials";

    /// <summary>The section of a secret of an authenticator.</summary>
    /// <param name="authenticator">Its name among those of all tenants.</param>
    /// <param name="key">The key of the secret.</param>
    public static string OfAuthenticator(string authenticator, string key) => $"authenticators.{authenticator}.{key}";

    /// <summary>Since when a section cannot be read, and why, as the log says it; <c>null</c> while it can.</summary>
    public (DateTimeOffset Since, string Problem)? ProblemOf(string section) => _unusable.ProblemOf(section);

    /// <summary>Reads a secret now; while that fails, what was read last for the same purpose.</summary>
    /// <param name="section">Where the configuration names it.</param>
    /// <param name="purpose">
    /// What it is for, compared by value: a secret is not shown to whoever has come to stand under the same name.
    /// </param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="SecretUnavailableException">It cannot be read and never could, or was withdrawn.</exception>
    public T Read<T>(string section, object purpose, Func<T> read)
        where T : class
    {
        try
        {
            var value = read();
            _held[section] = new Held(purpose, value, () => Read(section, purpose, read));
            _unusable.Succeeded(section);
            return value;
        }
        catch (SecretUnavailableException fault)
        {
            if (!fault.IsWithdrawn && _held.TryGetValue(section, out var held) && held.Purpose.Equals(purpose) && held.Value is T last)
            {
                _unusable.Failed(section, fault.Message);
                _isAnyBroken = true;
                return last;
            }

            _held.TryRemove(section, out _);
            _unusable.Forget(section);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _configuration.Changed -= Keep;
        _timer.Dispose();
    }

    void ITicking.Tick()
    {
        if (!_isAnyBroken)
        {
            return;
        }

        _isAnyBroken = false;
        foreach (var (section, held) in _held)
        {
            if (_unusable.ProblemOf(section) is not null && _held.TryGetValue(section, out var now) && ReferenceEquals(now, held))
            {
                Look(held);
            }
        }
    }

    private static void Look(Held held)
    {
        try
        {
            held.Again();
        }
        catch (SecretUnavailableException)
        {
            // It was withdrawn: whoever needs it says so.
        }
    }

    private void Keep()
    {
        var now = _configuration.Current.Configuration;
        var kept = now.Upstreams.Keys.Select(OfUpstream)
            .Concat(now.Authenticators.Keys.SelectMany(name => AuthenticatorKeys.Select(key => OfAuthenticator(name, key))))
            .ToHashSet();
        foreach (var gone in _held.Keys.Where(section => !kept.Contains(section)).ToList())
        {
            _held.TryRemove(gone, out _);
            _unusable.Forget(gone);
        }
    }

    private sealed record Held(object Purpose, object Value, Action Again);
}
