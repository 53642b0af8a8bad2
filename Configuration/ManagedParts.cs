using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RegistryProxy.Background;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>
/// What the state of the cluster says of managed tenants, as this process has read it. It has an entry for each managed tenant of the
/// configuration. Any thread.
/// </summary>
public sealed class ManagedParts
{
    private readonly ConcurrentDictionary<string, ManagedText> _parts = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised after a part became another one, on the thread that took it.</summary>
    public event Action? Changed;

    /// <summary>Ends when the parts were read for the first time, as far as they could be.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Whether it was read what the state says of a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="part">What it says; its text is <c>null</c> when there is none yet.</param>
    public bool TryGet(string tenant, [NotNullWhen(true)] out ManagedText? part) => _parts.TryGetValue(tenant, out part);

    /// <summary>Takes what was read.</summary>
    public void Take(IReadOnlyCollection<ManagedText> read)
    {
        var isNews = false;
        foreach (var one in read)
        {
            var known = _parts.GetValueOrDefault(one.Tenant);
            var next = one.Problem.Length > 0 ? one with { Owner = known?.Owner } : one;
            if (known != next)
            {
                _parts[one.Tenant] = next;
                isNews = true;
            }
        }

        if (isNews)
        {
            BackgroundFaults.Raise(Changed, handler => handler());
        }
    }

    /// <summary>Forgets all other tenants.</summary>
    public void Only(IEnumerable<string> tenants)
    {
        foreach (var gone in _parts.Keys.Except(tenants).ToList())
        {
            _parts.TryRemove(gone, out _);
        }
    }

    /// <summary>Nobody waits for the first reading any more.</summary>
    public void Settle() => _settled.TrySetResult();

    /// <summary>A text of a tenant as a part.</summary>
    public static PartText Of(string tenant, Secret text) => new(PartText.OfManaged(tenant), PartText.OfManaged(tenant), text);
}
