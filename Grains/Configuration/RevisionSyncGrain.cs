using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Has the silo that it runs on agree with its cluster. Public, since it tells nothing and takes nothing.</summary>
[Version(0), Alias("rp.IRevisionSyncGrain"), SilosAlone]
public interface IRevisionSyncGrain : IGrainWithIntegerKey
{
    /// <summary>Takes over what the cluster follows, or offers what this silo has.</summary>
    [Alias("Agree"), ResponseTimeout("00:00:08")]
    ValueTask Agree();
}

/// <summary>Runs on the silo that asks: a stateless worker is always local.</summary>
[StatelessWorker(1), GrainType("revisionsync")]
internal sealed class RevisionSyncGrain(RevisionFeed feed, FileHistory history) : Grain, IRevisionSyncGrain
{
    public ValueTask Agree() => new RevisionAgreement(feed, history).Agree(
        GrainFactory.GetGrain<IRevisionGrain>(0), GrainFactory.GetGrain<ISiloFileGrain>(history.Key),
        async () => await GrainFactory.GetGrain<IPartSyncGrain>(0).Sync());
}
