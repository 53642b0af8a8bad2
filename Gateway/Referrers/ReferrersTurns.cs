using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>Turns at lists of referrers, among all gateways of the cluster.</summary>
internal sealed class ReferrersTurns(ClusterClient cluster, TimeProvider time)
{
    /// <summary>The longest that a turn is waited for.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    /// <summary>Questions in a row that no silo answers before it is given up.</summary>
    private const int LastFault = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Where there is no place in the line: the silo answers at once then.</summary>
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(1);

    /// <summary>Does something in a turn of its own.</summary>
    /// <param name="list">The list.</param>
    /// <param name="work">Takes less time than a turn does. It gets what asks, right before it writes, whether the turn is still this
    /// one.</param>
    /// <param name="isUnderWay">Whether what was begun may go on: then only time ends the turn.</param>
    /// <param name="cancellation">Gives up the place.</param>
    /// <returns>
    /// What came of it, <c>null</c> when the turn did not come; and whether nobody else had a turn meanwhile, as far as the cluster knows.
    /// </returns>
    public async Task<(T? Result, bool IsAlone)> Run<T>(
        string list, Func<Func<CancellationToken, Task<bool>>, Task<T>> work, Func<T, bool> isUnderWay, CancellationToken cancellation)
        where T : class
    {
        var turn = Guid.NewGuid();
        var (result, isAlone, goesOn) = ((T?)null, false, false);
        try
        {
            if (await Comes(list, turn, cancellation))
            {
                result = await work(async stop => goesOn = await Enter(list, turn, stop) == true);
                goesOn = goesOn && isUnderWay(result);
            }
        }
        finally
        {
            isAlone = !goesOn && await Query((grain, stop) => grain.Leave(turn, stop), list, CancellationToken.None) == true;
        }

        return (result, isAlone);
    }

    private async Task<bool> Comes(string list, Guid turn, CancellationToken cancellation)
    {
        var (began, faults) = (time.GetTimestamp(), 0);
        while (true)
        {
            var asked = time.GetTimestamp();
            var isIt = await Enter(list, turn, cancellation);
            faults = isIt is null ? faults + 1 : 0;
            if (isIt == true || faults == LastFault || time.GetElapsedTime(began) >= MaxWait)
            {
                return isIt == true;
            }

            await Task.Delay(time.GetElapsedTime(asked) < LongPause / 2 ? LongPause : Pause, time, cancellation);
        }
    }

    private Task<bool?> Enter(string list, Guid turn, CancellationToken cancellation) =>
        Query((grain, stop) => grain.Enter(turn, stop), list, cancellation);

    /// <summary>Asks once: by the name of a turn whatever was not answered can be asked again. <c>null</c> when it was not.</summary>
    private async Task<bool?> Query(
        Func<IReferrersGrain, CancellationToken, ValueTask<bool>> question, string list, CancellationToken cancellation)
    {
        try
        {
            return await cluster.CallOnce(
                (grains, stop) => question(grains.GetGrain<IReferrersGrain>(list), stop), CallPolicy.Turn, cancellation);
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }
}
