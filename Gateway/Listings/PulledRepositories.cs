using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// The repositories of a tenant that were pulled through any gateway, for upstreams that list nothing. What the cluster answered is good
/// for a moment for all who ask; without its answer it is those of this gateway.
/// </summary>
/// <param name="statistics">What this gateway remembers.</param>
/// <param name="gather">Asks the cluster about a tenant; <c>null</c> while it is busy with others.</param>
/// <param name="time">How long an answer is used.</param>
internal sealed class PulledRepositories(RequestStatistics statistics, Func<string, Task<PulledNames?>> gather, TimeProvider time)
{
    /// <summary>Tenants whose names are asked for, or were a moment ago; others have those of this gateway meanwhile.</summary>
    internal const int MaxTenants = 16;

    /// <summary>How long an answer is used that lacks nothing.</summary>
    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(10);

    /// <summary>How long one is used that lacks something, or none came.</summary>
    private static readonly TimeSpan BriefReuse = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<PulledNames?>> _known = [];

    /// <summary>The names of a tenant's repositories; partial where not all of its gateways have answered.</summary>
    public async Task<PulledNames> Of(string tenant, CancellationToken cancellation)
    {
        var gathered = await Gathered(tenant).WaitAsync(cancellation);
        return new PulledNames(
            [.. statistics.NamesOf(tenant).Union(gathered?.Names ?? [])], gathered is not { IsPartial: false });
    }

    /// <summary>Forgets what is known of a tenant: its name is somebody else's from now on, or nobody's.</summary>
    public void Forget(string tenant)
    {
        lock (_lock)
        {
            _known.Remove(tenant);
        }
    }

    private Task<PulledNames?> Gathered(string tenant)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(tenant, out var known))
            {
                return known;
            }

            if (_known.Count >= MaxTenants)
            {
                return Task.FromResult<PulledNames?>(null);
            }

            var asked = Task.Run(() => Ask(tenant));
            _known[tenant] = asked;
            _ = ForgetLater(tenant, asked);
            return asked;
        }
    }

    private async Task<PulledNames?> Ask(string tenant)
    {
        try
        {
            return await gather(tenant);
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }

    private async Task ForgetLater(string tenant, Task<PulledNames?> asked)
    {
        await Task.Delay(await asked is { IsPartial: false } ? Reuse : BriefReuse, time);
        lock (_lock)
        {
            if (_known.TryGetValue(tenant, out var known) && known == asked)
            {
                _known.Remove(tenant);
            }
        }
    }
}
