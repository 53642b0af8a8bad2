using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// What one shard tells this gateway: of writes to those groups of repositories alone of which something is kept here, or is being asked
/// for. Whoever asks an upstream about another one has the shard tell of it first. To have asked is forgotten at once: names that lead to
/// nothing make nobody's pushes wait for this gateway.
/// </summary>
internal sealed class ShardClock(TimeProvider time)
{
    /// <summary>For how long a group is told of that nobody pulls from: longer than anything is believed.</summary>
    public static readonly TimeSpan MaxIdle = TimeSpan.FromHours(25);

    /// <summary>For how long a group is told of where nothing was found: longer than an upstream may take to answer.</summary>
    public static readonly TimeSpan MaxAsked = TimeSpan.FromSeconds(35);

    /// <summary>How exactly it is known when something was pulled.</summary>
    private static readonly TimeSpan KeptStep = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AskedStep = TimeSpan.FromSeconds(1);

    /// <summary>How long a pull waits to be told of writes; after that the upstream is asked again the next time.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(500);

    private readonly long[] _writes = new long[WriteGroup.Groups];
    private readonly long[] _since = Times(long.MaxValue);
    private readonly long[] _askedAt = Times(long.MinValue);
    private readonly long[] _keptAt = Times(long.MinValue);
    private TaskCompletionSource _wanted = NewSource();
    private TaskCompletionSource _answered = NewSource();
    private long _heardAt = long.MinValue;
    private long _round;
    private bool _isStarting;
    private volatile bool _isWhole;

    /// <summary>Whether it tells of the writes of every gateway, also of a former version.</summary>
    public bool IsWhole => _isWhole;

    /// <summary>Whether it tells of writes.</summary>
    public bool IsTrusted =>
        Volatile.Read(ref _heardAt) is var heard and not long.MinValue && time.GetElapsedTime(heard) < CacheReport.Trust;

    /// <summary>Whether it was asked to tell of anything the last time.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Completed when somebody waits for a group that the shard does not tell of yet.</summary>
    public Task Wanted => Volatile.Read(ref _wanted).Task;

    /// <inheritdoc cref="InvalidationClock.Believes"/>
    public bool Believes(int group, long at) => IsTrusted && at >= Volatile.Read(ref _since[group]);

    /// <inheritdoc cref="InvalidationClock.Keep"/>
    public void Keep(int group) => Note(_keptAt, group, KeptStep);

    /// <summary>Since when every write to a group is heard of; <c>null</c> when some may not be now.</summary>
    public long? HeardSince(int group) =>
        Volatile.Read(ref _since[group]) is var since and not long.MaxValue && IsTrusted ? since : null;

    /// <inheritdoc cref="InvalidationClock.Listen"/>
    public ValueTask Listen(int group, CancellationToken cancellation)
    {
        Note(_askedAt, group, AskedStep);
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
            var isUsed = IsWithin(_keptAt, group, MaxIdle) || IsWithin(_askedAt, group, MaxAsked);
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
    /// <param name="isWhole"><see cref="IsWhole"/></param>
    /// <param name="wholeSince">
    /// Since when writes were heard of that it did not tell of; while it becomes whole nothing from before that is believed.
    /// </param>
    public void Heard(long asked, bool isUnbroken, WriteInterest interest, bool isWhole, long wholeSince = long.MinValue)
    {
        var (now, gains) = (time.GetTimestamp(), isWhole && !_isWhole);
        for (var group = 0; group < WriteGroup.Groups; group++)
        {
            if (!interest.Has(group))
            {
                continue;
            }

            if (!isUnbroken || _since[group] == long.MaxValue)
            {
                Volatile.Write(ref _since[group], now);
            }
            else if (gains && _since[group] < wholeSince)
            {
                Volatile.Write(ref _since[group], wholeSince);
            }
        }

        _isWhole = isWhole;
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

    private void Note(long[] times, int group, TimeSpan step)
    {
        if (!IsWithin(times, group, step))
        {
            Volatile.Write(ref times[group], time.GetTimestamp());
        }
    }

    private bool IsWithin(long[] times, int group, TimeSpan age) =>
        Volatile.Read(ref times[group]) is var at and not long.MinValue && time.GetElapsedTime(at) < age;

    private static long[] Times(long none) => [.. Enumerable.Repeat(none, WriteGroup.Groups)];

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
