using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>For operators: lets a configuration count that silos have and do not follow; any key.</summary>
[Alias("rp.IRevisionAcceptGrain"), SilosAlone(WantsPass = true)]
public interface IRevisionAcceptGrain : IGrainWithStringKey
{
    /// <summary>
    /// Accepts what a content names, for ten minutes: a silo whose files say it brings it within seconds. Returns what the cluster follows
    /// then.
    /// </summary>
    /// <param name="content">16 hexadecimal digits, as silos name their files.</param>
    [Alias("Accept"), ResponseTimeout("00:00:12")]
    ValueTask<FollowedContent> Accept(string content);
}

/// <summary>Waits for the silo that brings it.</summary>
[StatelessWorker, GrainType("revisionaccept")]
internal sealed class RevisionAcceptGrain(TimeProvider time) : Grain, IRevisionAcceptGrain
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public async ValueTask<FollowedContent> Accept(string content)
    {
        var cluster = GrainFactory.GetGrain<IRevisionGrain>(0);
        var began = time.GetTimestamp();
        var followed = await cluster.Accept(content);
        while (followed.Content != content && time.GetElapsedTime(began) < Patience)
        {
            await Task.Delay(Pause, time);
            try
            {
                followed = await cluster.Followed();
            }
            catch (Exception fault) when (fault is TimeoutException or OrleansException)
            {
                // It is accepted, whether a silo has brought it or not.
            }
        }

        return followed;
    }
}
