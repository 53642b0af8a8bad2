using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>Turns at lists of referrers, among all gateways of the cluster.</summary>
internal sealed class ReferrersTurns(ClusterClient cluster, TimeProvider time)
{
    /// <summary>The longest that a turn is waited for.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Does something in a turn of its own.</summary>
    /// <param name="list">The list.</param>
    /// <param name="work">Takes less time than a turn does.</param>
    /// <param name="cancellation">Gives up the place.</param>
    /// <returns>
    /// What came of it, <c>null</c> when the turn did not come; and whether nobody else had a turn meanwhile, as far as the cluster knows.
    /// </returns>
    public async Task<(T? Result, bool IsAlone)> Run<T>(string list, Func<Task<T>> work, CancellationToken cancellation)
        where T : class
    {
        var turn = Guid.NewGuid();
        var (result, isAlone) = ((T?)null, false);
        try
        {
            if (await Comes(list, turn, cancellation))
            {
                result = await work();
            }
        }
        finally
        {
            isAlone = await Ask((grain, stop) => grain.Leave(turn, stop), list, CancellationToken.None);
        }

        return (result, isAlone);
    }

    private async Task<bool> Comes(string list, Guid turn, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (!await Ask((grain, stop) => grain.Enter(turn, stop), list, cancellation))
        {
            if (time.GetElapsedTime(began) >= MaxWait)
            {
                return false;
            }

            await Task.Delay(Pause, time, cancellation);
        }

        return true;
    }

    /// <summary>Asks once: by the name of a turn whatever was not answered can be asked again.</summary>
    private async Task<bool> Ask(Func<IReferrersGrain, CancellationToken, ValueTask<bool>> question, string list, CancellationToken cancellation)
    {
        try
        {
            return await cluster.CallOnce((grains, stop) => question(grains.GetGrain<IReferrersGrain>(list), stop), CallPolicy.Turn, cancellation);
        }
        catch (ClusterUnavailableException)
        {
            return false;
        }
    }
}
