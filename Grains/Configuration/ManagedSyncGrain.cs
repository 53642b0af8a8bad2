using Orleans.Concurrency;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Has the silo that it runs on read the parts of managed tenants. Public, since it tells nothing and takes nothing.
/// </summary>
[Alias("rp.IManagedSyncGrain"), SilosAlone]
public interface IManagedSyncGrain : IGrainWithIntegerKey
{
    /// <summary>Reads what is new; returns how many parts were not answered for.</summary>
    [Alias("Sync"), ResponseTimeout("00:01:00")]
    ValueTask<int> Sync();
}

/// <summary>Runs on the silo that asks: a stateless worker is always local.</summary>
[StatelessWorker(1), GrainType("managedsync")]
internal sealed class ManagedSyncGrain(IConfigurationFeed configuration, LocalFiles local, TimeProvider time) : Grain, IManagedSyncGrain
{
    private ManagedReader? _reader;
    private ManagedMark? _heard;
    private ManagedTenants? _tenants;

    public async ValueTask<int> Sync()
    {
        if (local.Watcher?.Managed is not { } managed)
        {
            return 0;
        }

        _tenants = ManagedTenants.Of(_tenants, configuration.Current, local.Watcher.Current);
        managed.Only(_tenants.Owners.Keys);
        _reader ??= new ManagedReader(GrainFactory, managed, time);
        if (_tenants.Owners.Count > 0)
        {
            var news = await GrainFactory.GetGrain<IManagedNewsGrain>(0).Since(_heard);
            _reader.Forget(news.Tenants);
            _heard = news.Mark;
        }

        return await _reader.Read(_tenants.Owners);
    }
}

/// <summary>
/// The managed tenants of what a silo follows and of its own files, each with whose it is; looked for once for each change of those.
/// </summary>
internal sealed record ManagedTenants(
    ConfigurationSnapshot Followed, ConfigurationSnapshot Own, IReadOnlyDictionary<string, PartOwner> Owners)
{
    public static ManagedTenants Of(ManagedTenants? known, ConfigurationSnapshot followed, ConfigurationSnapshot own) =>
        known is not null && ReferenceEquals(known.Followed, followed) && ReferenceEquals(known.Own, own) ? known
            : new ManagedTenants(followed, own,
                In(followed).Concat(In(own)).DistinctBy(tenant => tenant.Name).ToDictionary(tenant => tenant.Name, PartOwner.Of));

    private static IEnumerable<TenantConfiguration> In(ConfigurationSnapshot snapshot) =>
        snapshot.Configuration.Tenants.Values.Where(tenant => tenant.IsManaged);
}
