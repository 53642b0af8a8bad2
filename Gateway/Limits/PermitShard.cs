using System.Collections.Concurrent;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// The limits that one grain shares out and this gateway is asked for now. One question is under way at a time; whoever waits meanwhile
/// is part of the next one.
/// </summary>
internal sealed class PermitShard(LimitShares shares, TimeProvider time)
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(0.02);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.2);

    private readonly ConcurrentQueue<SharedPermits> _listed = new();
    private readonly Silence _silence = new(time);
    private TaskCompletionSource _urged = New();
    private int _count;
    private int _isHurried;
    private long _told = time.GetTimestamp();

    /// <summary>Whether the grain did not answer lately: nobody waits for it.</summary>
    public bool IsSilent => _silence.Lasts;

    /// <summary>Whether there is something to ask now.</summary>
    public bool IsDue => Volatile.Read(ref _urged).Task.IsCompleted
        || (Volatile.Read(ref _count) > 0 && (Volatile.Read(ref _isHurried) == 1 || IsTimeForAll));

    private bool IsTimeForAll => time.GetElapsedTime(Volatile.Read(ref _told)) >= LimitSharing.Period;

    /// <summary>Takes up a limit that is asked for; <c>false</c> when there are too many.</summary>
    public bool List(SharedPermits permits)
    {
        if (!shares.ListPermits(permits.IsOfTenant))
        {
            return false;
        }

        _listed.Enqueue(permits);
        if (Interlocked.Increment(ref _count) == 1)
        {
            // Nobody looks after a shard that has nothing.
            Urge();
        }

        return true;
    }

    /// <summary>Somebody waits.</summary>
    public void Urge() => Volatile.Read(ref _urged).TrySetResult();

    /// <summary>Somebody will wait soon.</summary>
    public void Hurry() => Volatile.Write(ref _isHurried, 1);

    /// <summary>Waits until there is something to ask.</summary>
    public async Task Due(CancellationToken stop)
    {
        await Task.Delay(Rest, time, stop);
        while (!IsDue)
        {
            var (urged, wait) = (Volatile.Read(ref _urged).Task, Volatile.Read(ref _count) > 0 ? Soon : Timeout.InfiniteTimeSpan);
            await urged.WaitAsync(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Asks for what is needed, and takes what is given: every second for all limits, in between for those that somebody waits for, or will
    /// soon.
    /// </summary>
    /// <param name="ask">Asks the grain; <c>null</c> when there is no answer.</param>
    public async Task Tell(Func<string, int, PermitDemand[], Task<PermitGrant[]?>> ask)
    {
        var areAll = IsTimeForAll;
        Volatile.Write(ref _urged, New());
        Volatile.Write(ref _isHurried, 0);
        Volatile.Write(ref _told, areAll ? time.GetTimestamp() : _told);
        List<SharedPermits> listed = [];
        for (var left = Volatile.Read(ref _count); left > 0 && _listed.TryDequeue(out var permits); left--)
        {
            if (areAll || permits.IsShort)
            {
                listed.Add(permits);
            }
            else
            {
                _listed.Enqueue(permits);
            }
        }

        var answers = await Task.WhenAll(listed.Chunk(LimitSharing.MaxDemands).Select(part => Tell(part, ask)));
        if (answers.Contains(false))
        {
            _silence.Begin();
        }
        else if (answers.Length > 0)
        {
            _silence.End();
        }
    }

    /// <summary>Whether there was an answer.</summary>
    private async Task<bool> Tell(SharedPermits[] listed, Func<string, int, PermitDemand[], Task<PermitGrant[]?>> ask)
    {
        var questions = Array.ConvertAll(listed, permits => permits.Take());
        var grants = await ask(shares.Gateway, shares.Gateways, Array.ConvertAll(questions, question => question.Demand));
        for (var i = 0; i < listed.Length; i++)
        {
            if (listed[i].Settle(questions[i], grants?.Length == listed.Length ? grants[i] : null))
            {
                _listed.Enqueue(listed[i]);
                continue;
            }

            Interlocked.Decrement(ref _count);
            shares.UnlistPermits();
            listed[i].Unlist();
        }

        return grants is not null;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
