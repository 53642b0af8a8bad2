using RegistryProxy.Background;
using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Managed;

/// <summary>When a silo has read the parts of managed tenants, and which it has to read again. For one thread at a time.</summary>
internal sealed class ManagedReadings(TimeProvider time)
{
    /// <summary>After so long a part is read again without news of it, which also says that it is in use.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromDays(1);

    /// <summary>After so long one that cannot be read is tried again.</summary>
    private static readonly TimeSpan BrokenAgain = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Reading> _read = [];

    /// <summary>Whether the part of a tenant has to be read.</summary>
    public bool IsDue(string tenant, PartOwner owner) => !_read.TryGetValue(tenant, out var reading)
        || !reading.Owner.Equals(owner) || time.GetSteadyNow() - reading.At >= (reading.IsBroken ? BrokenAgain : Again);

    /// <summary>It was read.</summary>
    public void Note(string tenant, PartOwner owner, bool isBroken) => _read[tenant] = new(time.GetSteadyNow(), owner, isBroken);

    /// <summary>Parts of tenants were changed; <c>null</c> for all.</summary>
    public void Forget(IReadOnlyList<string>? tenants)
    {
        if (tenants is null)
        {
            _read.Clear();
        }
        else
        {
            tenants.ToList().ForEach(tenant => _read.Remove(tenant));
        }
    }

    /// <summary>Forgets all other tenants.</summary>
    public void Only(IReadOnlyDictionary<string, PartOwner> tenants)
    {
        foreach (var gone in _read.Keys.Where(known => !tenants.ContainsKey(known)).ToList())
        {
            _read.Remove(gone);
        }
    }

    private readonly record struct Reading(TimeSpan At, PartOwner Owner, bool IsBroken);
}
