using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Network;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Network;

/// <summary>
/// How connections to upstreams are opened, as their files say now. The files are looked at twice a second; a broken one changes nothing.
/// The version changes whenever the content of a file did, and is as long however many they are.
/// </summary>
internal sealed class UpstreamNetworks(
    IConfigurationFeed configuration, EgressProxies proxies, TimeProvider time, ILogger<UpstreamNetworks> logger)
    : ReloadedState<UpstreamTlsFiles>(configuration, time, new UpstreamTlsFiles(null, "", []))
{
    private readonly UnusableFiles _unusable = new(time, logger);
    private readonly byte[] _stampKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>Names what is in the files for this process; says nothing of it.</summary>
    public string Version => Content.Version + proxies.Version;

    /// <summary>The same for all who have the key: what is alike on two silos is called alike.</summary>
    /// <param name="key">Of the cluster; nobody else has it.</param>
    public string VersionUnder(Secret key)
    {
        var bytes = Encoding.UTF8.GetBytes(key.Reveal());
        return VersionOf(Content.Entries, bytes) + proxies.VersionUnder(bytes);
    }

    /// <summary>Since when the <c>tls</c> files of an upstream cannot be used, and why; <c>null</c> while they can be.</summary>
    public (DateTimeOffset Since, string Problem)? ProblemOf(string upstream) => _unusable.ProblemOf(SectionOf(upstream));

    /// <summary>How connections for an upstream are opened; <c>null</c> when it is not configured here.</summary>
    public EgressSettings? Of(string upstream) =>
        Configuration.Current.Configuration.Upstreams.TryGetValue(upstream, out var known) ? Of(known) : null;

    /// <summary>Whether an upstream is still where a credential of it is good, or is not configured here, or no place was named.</summary>
    public bool IsAt(string upstream, string? origin) =>
        origin is null || !Configuration.Current.Configuration.Upstreams.TryGetValue(upstream, out var known)
        || HttpOrigin.Of(known.Url).ToString() == origin;

    /// <summary>How connections for an upstream are opened.</summary>
    public EgressSettings Of(UpstreamConfiguration upstream)
    {
        var settings = new EgressSettings(upstream.AllowPrivate)
        {
            IsVetted = upstream.IsOfTenant, Tls = Content.Tls(upstream), Proxy = proxies.Of(upstream)
        };
        return settings.IsPlain ? settings
            : settings with { Targets = new ConfiguredTargets(UpstreamPreset.AddressesOf(upstream), upstream.RedirectHosts) };
    }

    /// <summary>What gateways are told; <c>null</c> for nothing out of the ordinary.</summary>
    public UpstreamNetworkSnapshot? SnapshotOf(UpstreamConfiguration upstream)
    {
        var (tls, proxy) = (Content.Tls(upstream), proxies.Find(upstream));
        return tls is null && proxy is null ? null : new UpstreamNetworkSnapshot
        {
            Authorities = tls?.Authorities, Certificate = tls?.Certificate, Key = tls?.Key,
            Proxy = proxy is not var (configured, password, noProxy, source) ? null : new ProxySnapshot
            {
                Url = configured.Url, Username = configured.Username, Password = password, NoProxy = noProxy, Source = source,
            },
        };
    }

    protected override void Follow() => proxies.Changed += Raise;

    protected override void Dispose(UpstreamTlsFiles content) => proxies.Changed -= Raise;

    protected override UpstreamTlsFiles Read(ConfigurationSnapshot snapshot, UpstreamTlsFiles before)
    {
        var entries = snapshot.Configuration.Upstreams.Values.Where(upstream => upstream.Tls is not null)
            .ToDictionary(upstream => upstream.Name,
                upstream => ReadOne(upstream.Name, upstream.Tls!, before.Entries.GetValueOrDefault(upstream.Name)));
        _unusable.Keep(entries.Keys.Select(SectionOf));
        return new UpstreamTlsFiles(snapshot, VersionOf(entries, _stampKey), entries);
    }

    protected override bool HasChanged(UpstreamTlsFiles content)
    {
        var isAny = false;
        foreach (var entry in content.Entries.Values)
        {
            isAny |= entry.Refused is not null || entry.Watched.Look() != entry.Seen;
        }

        return isAny;
    }

    private WatchedTls ReadOne(string upstream, UpstreamTls files, WatchedTls? before)
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
            var problem = TlsFiles.Refuse(inUse, next, Time.GetUtcNow());
            if (problem is null)
            {
                _unusable.Succeeded(SectionOf(upstream));
                return new WatchedTls(files, watched, seen, next);
            }

            _unusable.Failed(SectionOf(upstream), problem);
            return new WatchedTls(files, watched, seen, inUse, problem);
        }
        catch (Exception fault) when (fault is IOException or CryptographicException)
        {
            _unusable.Failed(SectionOf(upstream), fault.Message);
        }

        return new WatchedTls(files, watched, seen, inUse);
    }

    private static string VersionOf(Dictionary<string, WatchedTls> entries, byte[] key) => entries.Count == 0 ? ""
        : $"-{ShortHash.Of(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => StampOf(key, entry.Key, entry.Value.Material)))}";

    private static string StampOf(byte[] key, string upstream, TlsMaterial? material) => Convert.ToHexStringLower(HMACSHA256.HashData(
        key, Encoding.UTF8.GetBytes(
            $"{upstream}\n{material?.Authorities}\n{material?.Certificate}\n{material?.Key?.Reveal()}")))[..8];

    private static string SectionOf(string upstream) => $"upstreams.{upstream}.tls";
}

/// <summary>What is in the files of upstreams, by the upstream's name.</summary>
internal sealed record UpstreamTlsFiles(ConfigurationSnapshot? Of, string Version, Dictionary<string, WatchedTls> Entries)
    : ReloadedContent(Of, Version)
{
    public TlsMaterial? Tls(UpstreamConfiguration upstream) =>
        upstream.Tls is null ? null : Entries.GetValueOrDefault(upstream.Name)?.Material;
}

/// <param name="Files">The files.</param>
/// <param name="Watched">Looks at them.</param>
/// <param name="Seen">What was in them when they were last looked at.</param>
/// <param name="Material">What was in them when they were last of use; <c>null</c> when they never were.</param>
/// <param name="Refused">Why what is in them now must not be used yet: that may change with the time, so it is looked at again.</param>
internal sealed record WatchedTls(UpstreamTls Files, WatchedFiles Watched, string Seen, TlsMaterial? Material, string? Refused = null);
