using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>
/// The authenticators of the running configuration. Password files are compared twice a second; a broken one changes nothing. The
/// version changes whenever what they say may have changed.
/// </summary>
internal sealed partial class AuthenticatorDirectory : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly IConfigurationFeed _configuration;
    private readonly PasswordWork _work;
    private readonly ILogger<AuthenticatorDirectory> _logger;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile State _state;

    public AuthenticatorDirectory(IConfigurationFeed configuration, PasswordWork work, TimeProvider time, ILogger<AuthenticatorDirectory> logger)
    {
        _configuration = configuration;
        _work = work;
        _logger = logger;
        _state = Read(null);
        configuration.Changed += Check;
        _timer = time.CreateTimer(_ => Check(), null, Period, Period);
    }

    /// <summary>Raised after <see cref="Version"/> changed.</summary>
    public event Action? Changed;

    public string Version => _state.Version;

    /// <summary>The password authenticators of a tenant, in their order.</summary>
    public IEnumerable<IPasswordAuthenticator> PasswordsOf(TenantConfiguration tenant) =>
        tenant.Authenticators.Select(name => _state.Passwords.GetValueOrDefault(name)).OfType<IPasswordAuthenticator>();

    /// <summary>A hash that no password of any user belongs to, of the highest cost in use: what an unknown user's password is checked against.</summary>
    public string Decoy => _state.Decoy;

    /// <summary>What an authenticator of the tenant says of a subject now; <c>null</c> when it is not there any more.</summary>
    public VerifiedIdentity? Find(TenantConfiguration tenant, string authenticator, string subject) =>
        tenant.Authenticators.Contains(authenticator) ? _state.Passwords.GetValueOrDefault(authenticator)?.Find(subject) : null;

    public void Dispose()
    {
        _configuration.Changed -= Check;
        _timer.Dispose();
    }

    private void Check()
    {
        lock (_gate)
        {
            var next = Read(_state);
            if (next.Version == _state.Version)
            {
                return;
            }

            _state = next;
        }

        Changed?.Invoke();
    }

    private State Read(State? before)
    {
        var snapshot = _configuration.Current;
        Dictionary<string, ReadFile> files = [];
        foreach (var authenticator in snapshot.Configuration.Authenticators.Values.OfType<HtpasswdConfiguration>())
        {
            files[authenticator.Name] = ReadOne(authenticator, before?.Files.GetValueOrDefault(authenticator.Name));
        }

        return new State(
            $"{snapshot.Version}-{string.Join('-', files.Values.Select(file => file.Fingerprint))}",
            files,
            files.ToDictionary(
                file => file.Key,
                IPasswordAuthenticator (file) => new HtpasswdAuthenticator(
                    (HtpasswdConfiguration)snapshot.Configuration.Authenticators[file.Key], file.Value.File, _work)),
            DecoyFor(files.Values));
    }

    private ReadFile ReadOne(HtpasswdConfiguration configuration, ReadFile? before)
    {
        var fingerprint = FileFingerprint.Of(configuration.File);
        if (before is not null && (before.Seen == fingerprint || fingerprint.Length == 0))
        {
            return before;
        }

        if (HtpasswdFile.TryRead(configuration.File, out var file, out var problems))
        {
            return new ReadFile(file, fingerprint, fingerprint);
        }

        LogBroken(configuration.Name, string.Join("; ", problems));
        return before is null ? new ReadFile(HtpasswdFile.Empty, "", fingerprint) : before with { Seen = fingerprint };
    }

    private static string DecoyFor(IEnumerable<ReadFile> files)
    {
        var cost = files.SelectMany(file => file.File.Hashes.Values).Select(hash => hash[4..6]).DefaultIfEmpty("10").Max();
        return $"$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The password file of authenticator {Authenticator} is not used as it is now: {Problems}")]
    private partial void LogBroken(string authenticator, string problems);

    private sealed record ReadFile(HtpasswdFile File, string Fingerprint, string Seen);

    private sealed record State(
        string Version, Dictionary<string, ReadFile> Files, Dictionary<string, IPasswordAuthenticator> Passwords, string Decoy);
}
