using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>What is wrong with the files of this silo as they are now.</summary>
internal sealed class ConfigurationSight(HostStart start)
{
    private ConfigurationWatcher? Watcher => start.Source as ConfigurationWatcher;

    public IReadOnlyList<ConfigurationError> Errors => Watcher?.LastErrors ?? [];

    /// <summary>All of them, of the main file and of included ones; of very many the first.</summary>
    public IReadOnlyList<string> Listed =>
        [.. Errors.Concat(Faults.SelectMany(fault => fault.Errors)).Distinct().Take(ListQuery.MaxRows).Select(error => error.ToString())];

    /// <summary>Whether the main file is not in use as it is now.</summary>
    public bool IsMainBroken => Watcher?.IsMainBroken == true;

    public DateTimeOffset? Since => Watcher?.BrokenSince;

    public IReadOnlyList<PartFault> Faults => Watcher?.LastFaults ?? [];

    /// <summary>The errors that concern one tenant.</summary>
    public IReadOnlyList<ConfigurationError> Of(string tenant)
    {
        var field = $"tenants.{tenant}";
        return
        [
            .. Faults.Where(fault => PartText.TenantOf(fault.Part) == tenant).SelectMany(fault => fault.Errors)
                .Concat(Errors.Where(error => error.Field == field || error.Field.StartsWith($"{field}.", StringComparison.Ordinal)))
                .Distinct(),
        ];
    }

    /// <summary>How many errors each tenant has that has some.</summary>
    public IReadOnlyDictionary<string, int> Counts(IEnumerable<string> tenants) => Errors.Count == 0
        ? new Dictionary<string, int>()
        : tenants.Select(tenant => (Tenant: tenant, Of(tenant).Count)).Where(one => one.Count > 0)
            .ToDictionary(one => one.Tenant, one => one.Count);
}
