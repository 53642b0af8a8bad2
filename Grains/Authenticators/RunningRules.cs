using RegistryProxy.Configuration;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>What sessions are decided by on this silo.</summary>
/// <param name="Of">The configuration.</param>
/// <param name="Version">Names the configuration, and the files of its authenticators that are in use.</param>
/// <param name="Stamps">For each tenant what names its rules, its authenticators and their files.</param>
internal sealed record RunningRules(ConfigurationSnapshot Of, string Version, IReadOnlyDictionary<string, string> Stamps)
{
    private Dictionary<string, string> Authenticators { get; init; } = [];

    /// <summary>Before anything was read.</summary>
    public static RunningRules None { get; } = new(null!, "", new Dictionary<string, string>());

    /// <summary>Reads what follows on this one; what did not change is not named again.</summary>
    /// <param name="of">The configuration.</param>
    /// <param name="inUse">What names the files in use of each authenticator.</param>
    public RunningRules Next(ConfigurationSnapshot of, IReadOnlyDictionary<string, string> inUse)
    {
        var authenticators = of.Configuration.Authenticators.ToDictionary(
            authenticator => authenticator.Key,
            authenticator => $"{authenticator.Key} {authenticator.Value.Stamp} {inUse.GetValueOrDefault(authenticator.Key)}");
        return new RunningRules(
            of,
            $"{of.Version}-{ShortHash.Of(authenticators.Values)}",
            of.Configuration.Tenants.Values.ToDictionary(
                tenant => tenant.Name,
                tenant => Stamp(tenant, authenticators)))
        {
            Authenticators = authenticators,
        };
    }

    private string Stamp(TenantConfiguration tenant, Dictionary<string, string> authenticators)
    {
        var texts = tenant.SessionAuthenticators.Select(name => TextOf(tenant, name, authenticators));
        return Of is not null && Of.Configuration.Tenants.TryGetValue(tenant.Name, out var before) && ReferenceEquals(before, tenant)
            && texts.SequenceEqual(tenant.SessionAuthenticators.Select(name => TextOf(tenant, name, Authenticators)))
            ? Stamps[tenant.Name] : ShortHash.Of([tenant.Stamp, .. texts]);
    }

    private static string TextOf(TenantConfiguration tenant, string name, Dictionary<string, string> authenticators) =>
        authenticators.GetValueOrDefault($"{tenant.Name}/{name}") ?? authenticators.GetValueOrDefault(name, name);

    /// <summary>The tenants whose rules are others than before; those that are gone have an empty stamp.</summary>
    public IEnumerable<KeyValuePair<string, string>> Since(RunningRules before) =>
        Stamps.Where(tenant => before.Stamps.GetValueOrDefault(tenant.Key) != tenant.Value)
        .Concat(before.Stamps.Keys.Where(tenant => !Stamps.ContainsKey(tenant)).Select(tenant => KeyValuePair.Create(tenant, "")));
}
