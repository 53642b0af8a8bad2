using System.Collections.Concurrent;

namespace RegistryProxy.Egress;

/// <summary>
/// Names of upstreams and authenticators as labels of metrics: the first have one of their own, all beyond share one, so that none is
/// without. Those that tenants define, <c>tenant/name</c>, have few, so that they take none from those of the operator.
/// </summary>
/// <param name="maxOfOperator">Names of the operator that are told apart.</param>
public sealed class ServerLabels(int maxOfOperator = ServerLabels.MaxOfOperator)
{
    /// <summary>Names of the operator that are told apart, where nothing else is said.</summary>
    public const int MaxOfOperator = 40;

    /// <summary>Names of one tenant that are told apart.</summary>
    public const int MaxOfTenant = 3;

    /// <summary>Names of all tenants that are told apart.</summary>
    public const int MaxOfTenants = 15;

    /// <summary>The label of all others of tenants; no name is like it.</summary>
    public const string OthersOfTenants = "(tenants)";

    /// <summary>The label of all others of the operator; no name is like it.</summary>
    public const string Others = "(others)";

    private readonly ConcurrentDictionary<string, string> _ofOperator = new();
    private readonly ConcurrentDictionary<string, string> _ofTenants = new();

    /// <summary>The label of a name; it stays the same as long as the process runs.</summary>
    public string Of(string name)
    {
        var isOfTenant = IsOfTenant(name);
        var labels = isOfTenant ? _ofTenants : _ofOperator;
        return labels.TryGetValue(name, out var label) ? label
            : labels.Count >= (isOfTenant ? MaxOfTenants : maxOfOperator) ? SharedOf(name)
            : isOfTenant ? GiveToTenant(name) : Give(name);
    }

    /// <summary>The label that a name shares where it has none of its own.</summary>
    public static string SharedOf(string name) => IsOfTenant(name) ? OthersOfTenants : Others;

    /// <summary>Whether a label is of several.</summary>
    public static bool IsShared(string label) => label is Others or OthersOfTenants;

    private static bool IsOfTenant(string name) => name.Contains('/');

    private string Give(string name)
    {
        lock (_ofOperator)
        {
            return _ofOperator.ContainsKey(name) || _ofOperator.Count < maxOfOperator ? _ofOperator.GetOrAdd(name, name) : Others;
        }
    }

    private string GiveToTenant(string name)
    {
        lock (_ofTenants)
        {
            var tenant = name[..(name.IndexOf('/') + 1)];
            var ofTenant = _ofTenants.Keys.Count(known => known.StartsWith(tenant, StringComparison.Ordinal));
            return _ofTenants.ContainsKey(name) || (_ofTenants.Count < MaxOfTenants && ofTenant < MaxOfTenant)
                ? _ofTenants.GetOrAdd(name, name) : OthersOfTenants;
        }
    }
}

/// <summary>
/// Labels of a metric that has one more beside the server: the first pairs are told apart, those beyond share the server's label with
/// others, so that none is without one.
/// </summary>
/// <param name="labels">The labels of servers.</param>
/// <param name="max">How many pairs are told apart.</param>
public sealed class ServerSeries(ServerLabels labels, int max)
{
    private readonly ConcurrentDictionary<(string Label, string Detail), bool> _pairs = new();

    /// <summary>The label of a server together with another word; it stays the same as long as the process runs.</summary>
    public string Of(string name, string detail)
    {
        var label = labels.Of(name);
        return ServerLabels.IsShared(label) || _pairs.ContainsKey((label, detail)) ? label : Give(name, label, detail);
    }

    private string Give(string name, string label, string detail)
    {
        lock (_pairs)
        {
            return _pairs.ContainsKey((label, detail)) || (_pairs.Count < max && _pairs.TryAdd((label, detail), true))
                ? label : ServerLabels.SharedOf(name);
        }
    }
}
