using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Network;

/// <summary>
/// The proxies of the running configuration with their passwords, which are looked at twice a second; one that cannot be read leaves the
/// last one in use. The version changes whenever a password did, and is as long however many they are.
/// </summary>
internal sealed class EgressProxies(IConfigurationFeed configuration, TimeProvider time, ILogger<EgressProxies> logger)
    : ReloadedState<ProxyPasswords>(configuration, time, new ProxyPasswords(null, "", []))
{
    /// <summary>The key of the configuration for everything that leaves.</summary>
    private const string General = "egress.proxy";

    private readonly UnusableFiles _unusable = new(time, logger);
    private readonly byte[] _stampKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>Names the passwords for this process; says nothing of them.</summary>
    public string Version => Content.Version;

    /// <summary>The same for all who have the key.</summary>
    /// <param name="key">Of the cluster; nobody else has it.</param>
    public string VersionUnder(byte[] key) => VersionOf(Content.Passwords.Values, key);

    private EgressConfiguration Egress => Configuration.Current.Configuration.Egress;

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
            : new ProxySettings(url, source)
            {
                Username = configured.Username, Password = PasswordOf(configured), Except = NoProxyList.Of(ExceptFor(source))
            };
    }

    /// <summary>
    /// The settings of a proxy of an upstream that the configuration names, with what it is not used for; <c>null</c> when it names none.
    /// </summary>
    public (ProxyConfiguration Proxy, Secret? Password, IReadOnlyList<string> NoProxy, string Source)? Find(UpstreamConfiguration upstream)
    {
        var (configured, source) = Configured(upstream);
        return configured is null ? null : (configured, PasswordOf(configured), ExceptFor(source), source);
    }

    private (ProxyConfiguration? Proxy, string Source) Configured(UpstreamConfiguration? upstream) =>
        upstream?.Proxy is { } own ? (own, $"upstreams.{upstream.Name}.proxy") : (Egress.Proxy, General);

    /// <summary>Who names a proxy for one upstream means all of that upstream.</summary>
    private IReadOnlyList<string> ExceptFor(string source) => source == General ? Egress.NoProxy : [];

    private Secret? PasswordOf(ProxyConfiguration proxy) =>
        proxy.Password is { } source ? Content.Passwords.GetValueOrDefault(source)?.InUse : null;

    protected override ProxyPasswords Read(ConfigurationSnapshot snapshot, ProxyPasswords before)
    {
        var upstreams = snapshot.Configuration.Upstreams;
        var sources = upstreams.Values.Select(upstream => (Key: $"upstreams.{upstream.Name}.proxy", upstream.Proxy?.Password))
            .Prepend((Key: General, snapshot.Configuration.Egress.Proxy?.Password)).Where(source => source.Password is not null)
            .DistinctBy(source => source.Password).ToList();
        _unusable.Keep(sources.Select(source => SectionOf(source.Key)));
        var passwords = sources.ToDictionary(source => source.Password!,
            source => ReadOne(source.Key, source.Password!, before.Passwords.GetValueOrDefault(source.Password!)));
        return new ProxyPasswords(snapshot, VersionOf(passwords.Values, _stampKey), passwords);
    }

    /// <summary>What comes from elsewhere than a file is there from the beginning or never.</summary>
    protected override bool HasChanged(ProxyPasswords content)
    {
        var isAny = false;
        foreach (var password in content.Passwords.Values)
        {
            isAny |= password.Problem is not null || (password.Files is { } files && files.Look() != password.Seen);
        }

        return isAny;
    }

    private ProxyPassword ReadOne(string key, SecretSource source, ProxyPassword? before)
    {
        var files = before?.Files ?? (source is FileSecret file ? new WatchedFiles([file.Path], SecretSource.MaxFileBytes) : null);
        var seen = files?.Look();
        try
        {
            var password = source.Read();
            _unusable.Succeeded(SectionOf(key));
            return new ProxyPassword(password, null, files, seen);
        }
        catch (SecretUnavailableException fault)
        {
            _unusable.Failed(SectionOf(key), fault.Message);
            return new ProxyPassword(before?.InUse, fault.Message, files, seen);
        }
    }

    private static string VersionOf(Dictionary<SecretSource, ProxyPassword>.ValueCollection passwords, byte[] key) =>
        passwords.Count == 0 ? "" : $"-{ShortHash.Of(passwords.Select(password => StampOf(key, password.InUse)))}";

    private static string StampOf(byte[] key, Secret? password) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(password?.Reveal() ?? "")))[..8];

    private static string SectionOf(string key) => $"{key}.password";
}

/// <summary>Passwords of proxies by where they come from.</summary>
internal sealed record ProxyPasswords(ConfigurationSnapshot? Of, string Version, Dictionary<SecretSource, ProxyPassword> Passwords)
    : ReloadedContent(Of, Version);

/// <param name="InUse">What was read last; <c>null</c> when it never could be.</param>
/// <param name="Problem">Why it cannot be read now.</param>
/// <param name="Files">Looks at its file; <c>null</c> when it comes from elsewhere.</param>
/// <param name="Seen">What was in the file when it was read.</param>
internal sealed record ProxyPassword(Secret? InUse, string? Problem, WatchedFiles? Files, string? Seen);
