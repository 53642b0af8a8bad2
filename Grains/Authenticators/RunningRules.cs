using RegistryProxy.Configuration;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>What sessions are decided by on this silo.</summary>
/// <param name="Of">The configuration.</param>
/// <param name="Version">Names the configuration, and the files of its authenticators that are in use.</param>
/// <param name="Stamps">For each tenant what names its rules, its authenticators and their files.</param>
internal sealed record RunningRules(ConfigurationSnapshot Of, string Version, IReadOnlyDictionary<string, string> Stamps)
{
    /// <summary>Before anything was read.</summary>
    public static RunningRules None { get; } = new(null!, "", new Dictionary<string, string>());

    /// <param name="of">The configuration.</param>
    /// <param name="inUse">What names the files in use of each authenticator.</param>
    public static RunningRules Read(ConfigurationSnapshot of, IReadOnlyDictionary<string, string> inUse)
    {
        var authenticators = of.Configuration.Authenticators.ToDictionary(
            authenticator => authenticator.Key,
            authenticator => $"{authenticator.Key} {authenticator.Value.Stamp} {inUse.GetValueOrDefault(authenticator.Key)}");
        return new RunningRules(
            of,
            $"{of.Version}-{ShortHash.Of(authenticators.Values)}",
            of.Configuration.Tenants.Values.ToDictionary(
                tenant => tenant.Name,
                tenant => ShortHash.Of([tenant.Stamp,
                    .. tenant.SessionAuthenticators.Select(name => authenticators.GetValueOrDefault($"{tenant.Name}/{name}")
                        ?? authenticators.GetValueOrDefault(name, name))])));
    }

    /// <summary>The tenants whose rules are others than before; those that are gone have an empty stamp.</summary>
    public IEnumerable<KeyValuePair<string, string>> Since(RunningRules before) =>
        Stamps.Where(tenant => before.Stamps.GetValueOrDefault(tenant.Key) != tenant.Value)
        .Concat(before.Stamps.Keys.Where(tenant => !Stamps.ContainsKey(tenant)).Select(tenant => KeyValuePair.Create(tenant, "")));
}
