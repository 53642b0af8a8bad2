using System.Collections.Concurrent;

namespace RegistryProxy.Egress;

/// <summary>
/// Names of upstreams and authenticators as labels of metrics. Those that tenants define, <c>tenant/name</c>, have few labels, so that they
/// take no series from those of the operator; all beyond share one.
/// </summary>
public sealed class ServerLabels
{
    /// <summary>Names of one tenant that are told apart.</summary>
    public const int MaxOfTenant = 3;

    /// <summary>Names of all tenants that are told apart.</summary>
    public const int MaxOfTenants = 15;

    /// <summary>The label of all others of tenants; no name is like it.</summary>
    public const string Others = "(tenants)";

    private readonly ConcurrentDictionary<string, string> _labels = new();

    /// <summary>The label of a name; it stays the same as long as the process runs.</summary>
    public string Of(string name) => !name.Contains('/') ? name
        : _labels.TryGetValue(name, out var label) ? label
        : _labels.Count >= MaxOfTenants ? Others
        : Give(name);

    private string Give(string name)
    {
        lock (_labels)
        {
            var tenant = name[..(name.IndexOf('/') + 1)];
            var ofTenant = _labels.Keys.Count(known => known.StartsWith(tenant, StringComparison.Ordinal));
            return _labels.ContainsKey(name) || (_labels.Count < MaxOfTenants && ofTenant < MaxOfTenant)
                ? _labels.GetOrAdd(name, name) : Others;
        }
    }
}
