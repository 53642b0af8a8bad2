using Orleans.Concurrency;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Has the silo that it runs on read the parts of managed tenants. Public, since it tells nothing and takes nothing.
/// </summary>
[Alias("rp.IManagedSyncGrain"), SilosAlone]
public interface IManagedSyncGrain : IGrainWithIntegerKey
{
    /// <summary>Reads what is new; returns how many parts could not be read.</summary>
    [Alias("Sync"), ResponseTimeout("00:01:00")]
    ValueTask<int> Sync();
}

/// <summary>Runs on the silo that asks: a stateless worker is always local.</summary>
[StatelessWorker(1), GrainType("managedsync")]
internal sealed class ManagedSyncGrain(IConfigurationFeed configuration, LocalFiles local, TimeProvider time) : Grain, IManagedSyncGrain
{
    /// <summary>How many are asked for at the same time.</summary>
    private const int AtOnce = 16;

    /// <summary>How many are taken at once: the configuration is put together anew each time.</summary>
    private const int MaxTurn = 200;

    /// <summary>After so long a part is read again without news of it, which also says that it is in use.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromDays(1);

    private readonly Dictionary<string, TimeSpan> _read = [];
    private ManagedMark? _heard;
    private ManagedTenants? _tenants;

    public async ValueTask<int> Sync()
    {
        if (local.Watcher?.Managed is not { } managed)
        {
            return 0;
        }

        _tenants = ManagedTenants.Of(_tenants, configuration.Current, local.Watcher.Current);
        var tenants = _tenants.Tenants;
        managed.Only(tenants);
        if (tenants.Count > 0)
        {
            await Hear();
        }

        foreach (var gone in _read.Keys.Where(known => !tenants.Contains(known)).ToList())
        {
            _read.Remove(gone);
        }

        var now = time.GetSteadyNow();
        var due = tenants.Where(tenant => !_read.TryGetValue(tenant, out var at) || now - at >= Again || !managed.TryGet(tenant, out _))
            .ToList();
        var failed = 0;
        foreach (var turn in due.Chunk(MaxTurn))
        {
            failed += await Take(managed, turn);
        }

        return failed;
    }

    private async Task Hear()
    {
        var news = await GrainFactory.GetGrain<IManagedNewsGrain>(0).Since(_heard);
        if (news.Tenants is null)
        {
            _read.Clear();
        }
        else
        {
            news.Tenants.ToList().ForEach(tenant => _read.Remove(tenant));
        }

        _heard = news.Mark;
    }

    private async Task<int> Take(ManagedParts managed, string[] tenants)
    {
        List<KeyValuePair<string, Secret?>> read = [];
        foreach (var some in tenants.Chunk(AtOnce))
        {
            read.AddRange((await Task.WhenAll(some.Select(Read))).OfType<KeyValuePair<string, Secret?>>());
        }

        managed.Take(read);
        read.ForEach(one => _read[one.Key] = time.GetSteadyNow());
        return tenants.Length - read.Count;
    }

    private async Task<KeyValuePair<string, Secret?>?> Read(string tenant)
    {
        try
        {
            var version = await GrainFactory.GetGrain<IManagedPartGrain>(tenant).Current();
            return new(tenant, version is null || ManagedPart.IsNothing(version.Text) ? null : version.Text);
        }
        catch (Exception)
        {
            // The storage says in the log what is wrong with it; the others go on.
            return null;
        }
    }
}

/// <summary>The managed tenants of what a silo follows and of its own files, looked for once for each change of those.</summary>
internal sealed record ManagedTenants(ConfigurationSnapshot Followed, ConfigurationSnapshot Own, IReadOnlySet<string> Tenants)
{
    public static ManagedTenants Of(ManagedTenants? known, ConfigurationSnapshot followed, ConfigurationSnapshot own) =>
        known is not null && ReferenceEquals(known.Followed, followed) && ReferenceEquals(known.Own, own) ? known
            : new ManagedTenants(followed, own, In(followed).Concat(In(own)).ToHashSet());

    private static IEnumerable<string> In(ConfigurationSnapshot snapshot) =>
        snapshot.Configuration.Tenants.Values.Where(tenant => tenant.IsManaged).Select(tenant => tenant.Name);
}
