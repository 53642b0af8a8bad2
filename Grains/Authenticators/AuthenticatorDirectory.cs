using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Grains.Identity.Robots;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// The authenticators of the running configuration. Their files are looked at twice a second; a broken one changes nothing. The version
/// changes whenever what they say may have changed, and is as long however many they are.
/// </summary>
internal sealed class AuthenticatorDirectory(
    IConfigurationFeed configuration, AuthenticatorFactory factory, TimeProvider time, ILogger<AuthenticatorDirectory> logger)
    : ReloadedState<AuthenticatorSet>(configuration, time, new AuthenticatorSet(RunningRules.None, []))
{
    private readonly UnusableFiles _unusable = new(time, logger);

    /// <summary>What sessions are decided by now.</summary>
    public RunningRules Running => Content.Rules;

    /// <summary>The authenticators of a tenant with their names, in their order.</summary>
    public IEnumerable<(string Name, IAuthenticator Authenticator)> Of(TenantConfiguration tenant) => Of(tenant, tenant.Authenticators);

    /// <summary>
    /// The same for who logs in with a password: a directory of the tenant's own comes after all others, so that its server, which anybody
    /// may run, sees no password of somebody whom one of the operator's knows.
    /// </summary>
    public IEnumerable<(string Name, IAuthenticator Authenticator)> OfPasswords(TenantConfiguration tenant) =>
        Of(tenant).OrderBy(one => IsDirectoryOf(tenant, one.Name));

    /// <summary>Whether passwords that are shown to an authenticator go to a server that the tenant names.</summary>
    public bool IsDirectoryOf(TenantConfiguration tenant, string name) =>
        Content.IsOwn(tenant.Name, name) && Content.Find(tenant.Name, name) is LdapAuthenticator;

    /// <summary>
    /// The same for who wants to administer the tenant: those of its administrators come first, and none that the tenant defines is among
    /// them, so that nothing of the tenant's sees the password of an administrator, whoever is away or mistyped a name.
    /// </summary>
    public IEnumerable<(string Name, IAuthenticator Authenticator)> OfAdministrators(TenantConfiguration tenant) =>
        Of(tenant, tenant.AdministratorAuthenticators.Union(tenant.Authenticators).Where(name => !Content.IsOwn(tenant.Name, name)));

    /// <summary>Whether a tenant defines an authenticator of this name itself.</summary>
    public bool IsOwn(TenantConfiguration tenant, string name) => Content.IsOwn(tenant.Name, name);

    /// <summary>Whether people log in by browser with what a tenant calls by a name, or could if it used it.</summary>
    public bool LetsPeopleIn(TenantConfiguration tenant, string name) =>
        Content.Find(tenant.Name, name) is OidcAuthenticator { People: not null };

    /// <summary>The robots of all tenants.</summary>
    public RobotAuthenticator Robots => factory.Robots;

    /// <summary>One authenticator of a tenant; <c>null</c> when the tenant has none of that name.</summary>
    public IAuthenticator? Find(TenantConfiguration tenant, string name) =>
        name == AuthenticatorConfiguration.Robot ? Robots
        : tenant.Authenticators.Contains(name) ? Content.Find(tenant.Name, name) : null;

    /// <summary>Names who proves identities under a name; <c>null</c> for robots, whose secrets are asked about.</summary>
    public string? ProverOf(TenantConfiguration tenant, string name) =>
        name == AuthenticatorConfiguration.Robot ? null : Content.ProverOf(tenant.Name, name);

    /// <summary>The same, also of those by which administrators alone log in.</summary>
    public IAuthenticator? FindAny(TenantConfiguration tenant, string name) =>
        tenant.IsForAdministratorsAlone(name) ? Content.Find(tenant.Name, name) : Find(tenant, name);

    protected override void Replaced(AuthenticatorSet before, AuthenticatorSet now)
    {
        foreach (var gone in before.Authenticators.Except(now.Authenticators))
        {
            (gone as IDisposable)?.Dispose();
        }
    }

    protected override void Dispose(AuthenticatorSet content) => Replaced(content, new AuthenticatorSet(RunningRules.None, []));

    protected override AuthenticatorSet Read(ConfigurationSnapshot snapshot, AuthenticatorSet before)
    {
        var entries = snapshot.Configuration.Authenticators.ToDictionary(
            authenticator => authenticator.Key,
            authenticator => ReadAny(authenticator.Key, authenticator.Value, before.Entries.GetValueOrDefault(authenticator.Key)));
        List<string> names = [.. entries.SelectMany(entry => entry.Value.Names(entry.Key))];
        _unusable.Keep(names.Select(SectionOf));
        factory.Keep(names);
        return new AuthenticatorSet(
            before.Rules.Next(snapshot, entries.ToDictionary(entry => entry.Key, entry => entry.Value.InUse)),
            entries);
    }

    private IEnumerable<(string Name, IAuthenticator Authenticator)> Of(TenantConfiguration tenant, IEnumerable<string> names)
    {
        var content = Content;
        foreach (var name in names)
        {
            if (content.Find(tenant.Name, name) is { } authenticator)
            {
                yield return (name, authenticator);
            }
        }
    }

    protected override bool HasChanged(AuthenticatorSet content)
    {
        var isAny = false;
        foreach (var entry in content.Entries.Values)
        {
            isAny |= entry.HasChanged();
        }

        return isAny;
    }

    private WatchedAuthenticator ReadAny(string name, AuthenticatorConfiguration configuration, WatchedAuthenticator? before) =>
        configuration is KubernetesClustersConfiguration clusters ? ReadClusters(name, clusters, before)
            : ReadOne(name, configuration, before);

    /// <summary>Each cluster for itself: what is known of its keys, and what is wrong with its files, is not the others'.</summary>
    private WatchedAuthenticator ReadClusters(
        string name, KubernetesClustersConfiguration configuration, WatchedAuthenticator? before)
    {
        var clusters = configuration.Clusters.ToDictionary(
            cluster => cluster.Key,
            cluster => ReadOne($"{name}/{cluster.Key}", cluster.Value, before?.Clusters.GetValueOrDefault(cluster.Key)));
        if (before is not null && ReferenceEquals(before.Configuration, configuration)
            && clusters.All(cluster => ReferenceEquals(cluster.Value, before.Clusters.GetValueOrDefault(cluster.Key))))
        {
            return before;
        }

        var none = new WatchedFiles([]);
        var all = new KubernetesClusters(configuration, cluster => clusters[cluster].Authenticator as ITokenAuthenticator);
        return new WatchedAuthenticator(
            configuration, none, all, ShortHash.Of(clusters.Values.Select(cluster => cluster.InUse)), none.Look()) { Clusters = clusters };
    }

    private WatchedAuthenticator ReadOne(string name, AuthenticatorConfiguration configuration, WatchedAuthenticator? before)
    {
        var isSame = before is not null && IsSame(before.Configuration, configuration);
        var files = isSame ? before!.Files : new WatchedFiles(configuration.Files, HtpasswdFile.MaxBytes);
        var fingerprint = files.Look();
        if (isSame && before!.Seen == fingerprint)
        {
            return before;
        }

        var (authenticator, problem) = factory.TryCreate(configuration, name);
        if (authenticator is not null)
        {
            _unusable.Succeeded(SectionOf(name));
            return new WatchedAuthenticator(configuration, files, authenticator, fingerprint, fingerprint);
        }

        _unusable.Failed(SectionOf(name), problem);
        return new WatchedAuthenticator(
            configuration, files, before?.Authenticator ?? UnusableAuthenticator.Of(configuration), before?.InUse ?? "", fingerprint);
    }

    /// <summary>One of several clusters goes on with what is known of it when the file says the same of it as before.</summary>
    private static bool IsSame(AuthenticatorConfiguration before, AuthenticatorConfiguration now) => ReferenceEquals(before, now)
        || (before is KubernetesConfiguration { Cluster: not null } && before.Name == now.Name && before.Stamp == now.Stamp);

    private static string SectionOf(string authenticator) => $"authenticators.{authenticator}";
}

/// <summary>Authenticators by name.</summary>
internal sealed record AuthenticatorSet(RunningRules Rules, Dictionary<string, WatchedAuthenticator> Entries)
    : ReloadedContent(Rules.Of, Rules.Version)
{
    public IEnumerable<IAuthenticator> Authenticators =>
        Entries.Values.SelectMany(entry => entry.Clusters.Values.Prepend(entry)).Select(entry => entry.Authenticator);

    /// <summary>Whether a tenant defines an authenticator of this name itself.</summary>
    public bool IsOwn(string tenant, string name) => Entries.ContainsKey($"{tenant}/{name}");

    /// <summary>What a tenant calls by a name.</summary>
    public IAuthenticator? Find(string tenant, string name) => Entry(tenant, name)?.Authenticator;

    /// <summary>Names who proves identities under a name.</summary>
    public string? ProverOf(string tenant, string name) => Entry(tenant, name)?.Prover;

    private WatchedAuthenticator? Entry(string tenant, string name) =>
        Entries.GetValueOrDefault($"{tenant}/{name}") ?? Entries.GetValueOrDefault(name);
}

/// <param name="Configuration">What it was made for.</param>
/// <param name="Files">Looks at its files.</param>
/// <param name="Authenticator">The last one that could be made, or what stands for it when none ever could.</param>
/// <param name="InUse">What was in the files when it was made.</param>
/// <param name="Seen">What was in them when they were last looked at.</param>
internal sealed record WatchedAuthenticator(
    AuthenticatorConfiguration Configuration, WatchedFiles Files, IAuthenticator Authenticator, string InUse, string Seen)
{
    /// <summary>Those of its clusters, where it has several.</summary>
    public IReadOnlyDictionary<string, WatchedAuthenticator> Clusters { get; init; } = new Dictionary<string, WatchedAuthenticator>();

    /// <summary>Names who proves identities by it.</summary>
    public string Prover { get; } = ShortHash.Of(Configuration.Prover);

    /// <summary>How it is called, and each of its clusters.</summary>
    public IEnumerable<string> Names(string name) => Clusters.Keys.Select(cluster => $"{name}/{cluster}").Prepend(name);

    /// <summary>Looks at all of its files.</summary>
    public bool HasChanged()
    {
        var isAny = Seen != Files.Look();
        foreach (var cluster in Clusters.Values)
        {
            isAny |= cluster.HasChanged();
        }

        return isAny;
    }
}
