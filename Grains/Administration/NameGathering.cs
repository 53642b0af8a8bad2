using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// Gathers the names of repositories that the gateways remember of a tenant, once for all who ask while it is done and for
/// <see cref="Reuse"/> after. For one grain.
/// </summary>
internal sealed class NameGathering(TimeProvider time)
{
    /// <summary>Tenants whose names are gathered, or were a moment ago, at once.</summary>
    internal const int MaxTenants = 32;

    /// <summary>The most names in one answer.</summary>
    internal const int MaxNames = 5000;

    /// <summary>What the names of one answer may weigh, in bytes.</summary>
    internal const int MaxBytes = 512 * 1024;

    /// <summary>What a gateway may send at least, in bytes, however many there are.</summary>
    private const int LeastPart = 4 * 1024;

    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Task<PulledNames>> _gatherings = [];

    /// <summary>Gathers them; <c>null</c> while those of too many other tenants are gathered.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="gateways">How many are asked.</param>
    /// <param name="areAll">Whether these are all.</param>
    /// <param name="ask">Asks each for so many bytes at the most; <c>null</c> of one that has not answered.</param>
    public async ValueTask<PulledNames?> Gather(
        string tenant, int gateways, bool areAll, Func<int, Task<PulledNames?[]>> ask)
    {
        if (_gatherings.TryGetValue(tenant, out var known))
        {
            return await known;
        }

        if (_gatherings.Count >= MaxTenants)
        {
            return null;
        }

        var gathering = GatherAll(areAll, ask(Math.Max(LeastPart, MaxBytes / Math.Max(1, gateways))));
        _gatherings[tenant] = gathering;
        Forget(tenant, gathering).Ignore();
        return await gathering;
    }

    /// <summary>Where there is no room for all names, of each gateway those stay that are pulled most there.</summary>
    private static async Task<PulledNames> GatherAll(bool areAll, Task<PulledNames?[]> asked)
    {
        var parts = await asked;
        var (names, weight, isPartial) = (new HashSet<string>(), 0, !areAll || parts.Any(part => part is null or { IsPartial: true }));
        foreach (var name in parts.OfType<PulledNames>().SelectMany(part => part.Names.Select((name, rank) => (name, rank)))
            .OrderBy(one => one.rank).Select(one => one.name).Where(name => !names.Contains(name)))
        {
            weight += name.Length;
            if (weight > MaxBytes || names.Count == MaxNames)
            {
                isPartial = true;
                break;
            }

            names.Add(name);
        }

        return new PulledNames([.. names], isPartial);
    }

    private async Task Forget(string tenant, Task gathering)
    {
        await gathering.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (gathering.IsCompletedSuccessfully)
        {
            await Task.Delay(Reuse, time);
        }

        _gatherings.Remove(tenant);
    }
}
