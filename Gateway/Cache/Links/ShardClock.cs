using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// What one shard tells this gateway: of writes to those groups of repositories alone of which something is kept here, or was asked for of
/// late. Whoever asks an upstream about another one has the shard tell of it first.
/// </summary>
internal sealed class ShardClock(TimeProvider time)
{
    /// <summary>For how long a group is told of that nobody pulls from: longer than anything is believed.</summary>
    public static readonly TimeSpan MaxIdle = TimeSpan.FromHours(25);

    /// <summary>How exactly it is known when something was pulled.</summary>
    private static readonly TimeSpan UseStep = TimeSpan.FromMinutes(1);

    /// <summary>How long a pull waits to be told of writes; after that the upstream is asked again the next time.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(500);

    private readonly long[] _writes = new long[WriteGroup.Groups];
    private readonly long[] _since = [.. Enumerable.Repeat(long.MaxValue, WriteGroup.Groups)];
    private readonly long[] _usedAt = [.. Enumerable.Repeat(long.MinValue, WriteGroup.Groups)];
    private TaskCompletionSource _wanted = NewSource();
    private TaskCompletionSource _answered = NewSource();
    private long _heardAt = long.MinValue;
    private long _breaks;
    private long _round;
    private bool _isStarting;

    /// <summary>Whether it tells of writes.</summary>
    public bool IsTrusted =>
        Volatile.Read(ref _heardAt) is var heard and not long.MinValue && time.GetElapsedTime(heard) < CacheReport.Trust;

    /// <summary>How often writes may have been missed.</summary>
    public long Breaks => Volatile.Read(ref _breaks);

    /// <summary>Whether it was asked to tell of anything the last time.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Completed when somebody waits for a group that the shard does not tell of yet.</summary>
    public Task Wanted => Volatile.Read(ref _wanted).Task;

    /// <inheritdoc cref="InvalidationClock.Believes"/>
    public bool Believes(int group, long at)
    {
        Use(group);
        return IsTrusted && at >= Volatile.Read(ref _since[group]);
    }

    /// <inheritdoc cref="InvalidationClock.Listen"/>
    public ValueTask Listen(int group, CancellationToken cancellation)
    {
        Use(group);
        return Volatile.Read(ref _since[group]) == long.MaxValue && (IsTrusted || Volatile.Read(ref _isStarting))
            ? new(Wait(group, cancellation))
            : default;
    }

    /// <summary>What the shard is to tell of from now on. Of what it does not hold nothing is believed.</summary>
    public WriteInterest Ask()
    {
        Volatile.Write(ref _wanted, NewSource());
        _isStarting |= _round == 0;
        IsUsed = false;
        return WriteInterest.Of(++_round, group =>
        {
            var isUsed = IsWithin(group, MaxIdle);
            if (!isUsed)
            {
                Volatile.Write(ref _since[group], long.MaxValue);
            }

            IsUsed |= isUsed;
            return isUsed;
        });
    }

    /// <summary>The shard tells of writes.</summary>
    /// <param name="asked">When it was asked to.</param>
    /// <param name="isUnbroken">Whether we heard of all since the time before.</param>
    /// <param name="interest">Of what it tells.</param>
    public void Heard(long asked, bool isUnbroken, WriteInterest interest)
    {
        var now = time.GetTimestamp();
        if (!isUnbroken)
        {
            Interlocked.Increment(ref _breaks);
        }

        for (var group = 0; group < WriteGroup.Groups; group++)
        {
            if (interest.Has(group) && (!isUnbroken || _since[group] == long.MaxValue))
            {
                Volatile.Write(ref _since[group], now);
            }
        }

        Volatile.Write(ref _heardAt, asked);
        Volatile.Write(ref _isStarting, false);
        Interlocked.Exchange(ref _answered, NewSource()).SetResult();
    }

    /// <summary>The shard does not answer, or there is none yet: nobody waits for it.</summary>
    public void Missed()
    {
        Volatile.Write(ref _isStarting, false);
        Interlocked.Exchange(ref _answered, NewSource()).SetResult();
    }

    /// <summary>The shard tells us no more.</summary>
    public void Leave()
    {
        Volatile.Write(ref _isStarting, false);
        Volatile.Write(ref _heardAt, long.MinValue);
    }

    /// <summary>Something of a group is written.</summary>
    public void Count(int group) => Interlocked.Increment(ref _writes[group]);

    /// <summary>How often something of a group was written.</summary>
    public long CountOf(int group) => Volatile.Read(ref _writes[group]);

    private async Task Wait(int group, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (MaxWait - time.GetElapsedTime(began) is { Ticks: > 0 } left)
        {
            var answered = Volatile.Read(ref _answered).Task;
            if (Volatile.Read(ref _since[group]) != long.MaxValue || !(IsTrusted || Volatile.Read(ref _isStarting)))
            {
                return;
            }

            Volatile.Read(ref _wanted).TrySetResult();
            await answered.WaitAsync(left, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private void Use(int group)
    {
        if (!IsWithin(group, UseStep))
        {
            Volatile.Write(ref _usedAt[group], time.GetTimestamp());
        }
    }

    private bool IsWithin(int group, TimeSpan age) =>
        Volatile.Read(ref _usedAt[group]) is var at and not long.MinValue && time.GetElapsedTime(at) < age;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
