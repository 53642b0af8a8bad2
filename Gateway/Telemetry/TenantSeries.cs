using System.Collections.Concurrent;

namespace RegistryProxy.Gateway.Telemetry;

/// <summary>
/// Which sets of labels a tenant has of a metric. Some are every tenant's; of the others each may have an equal part of a pool, and what is
/// beyond it is counted as <see cref="Any"/> for that tenant. So what one tenant's clients do takes no series from another's.
/// </summary>
/// <param name="pool">Sets that tenants have beside those that each has.</param>
internal sealed class TenantSeries(int pool)
{
    /// <summary>The label of what has no set of its own.</summary>
    public const string Any = "any";

    private readonly ConcurrentDictionary<(string Tenant, string First, string Second), bool> _taken = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly Lock _gate = new();
    private volatile int _part;

    /// <summary>So many tenants share the pool from now on.</summary>
    public void Share(int tenants) => _part = pool / Math.Max(1, tenants);

    /// <summary>Whether a tenant has a set of these labels, or gets it now.</summary>
    public bool Has(string tenant, string first, string second = "") =>
        _taken.ContainsKey((tenant, first, second)) || (_counts.GetValueOrDefault(tenant) < _part && Take(tenant, first, second));

    private bool Take(string tenant, string first, string second)
    {
        lock (_gate)
        {
            if (_taken.ContainsKey((tenant, first, second)))
            {
                return true;
            }

            // There may have been fewer tenants before, each with a larger part.
            if (_taken.Count >= pool || _counts.GetValueOrDefault(tenant) >= _part)
            {
                return false;
            }

            _counts[tenant] = _counts.GetValueOrDefault(tenant) + 1;
            _taken[(tenant, first, second)] = true;
            return true;
        }
    }
}
