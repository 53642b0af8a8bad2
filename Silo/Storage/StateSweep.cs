using RegistryProxy.Background;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Looks at every record now and then: encrypts those under old keys anew, removes those that were given up and those whose end has come,
/// and counts what is left under each key. Records of a version that knew no end are given one. One silo does so at a time, where the
/// storage is one for all; and where two do, each change counts only for the version that was read.
/// </summary>
internal sealed partial class StateSweep(
    IRecordStore store, StateCipher cipher, StateKeys keys, StateMeter meter, TimeProvider time, ILogger<StateSweep> logger)
    : BackgroundLoop
{
    /// <summary>The most records that are looked at in a second.</summary>
    public const int MaxPerSecond = 500;

    /// <summary>From one sweep to the next, and a random half of that.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a record of a version that knew no end is kept, unless somebody reads it: longer than the binding of an instance may count,
    /// than which nothing lives longer.
    /// </summary>
    public static readonly TimeSpan MaxFormerAge = TimeSpan.FromDays(3652);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(20);

    private const int AtOnce = 50;

    private readonly Outage _outage = new(time);

    /// <summary>Looks at every record once.</summary>
    public async Task Sweep(CancellationToken cancellation)
    {
        var found = keys.Ids.ToDictionary(id => id, _ => 0L);
        var seen = 0;
        await foreach (var record in store.All(cancellation))
        {
            StateMeter.Count(found, await Look(record));
            if (++seen % AtOnce == 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)AtOnce / MaxPerSecond), time, cancellation);
            }
        }

        meter.Found(found.Where(count => count.Value > 0 || keys.Find(count.Key) is not null).ToDictionary());
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var pause = Jittered(First);
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = Jittered(Period);
            try
            {
                if (await store.TryBeginSweep(Period))
                {
                    await Sweep(stoppingToken);
                    if (_outage.End(out _, out var lasted))
                    {
                        LogWell(lasted.TotalMinutes);
                    }
                }
                else
                {
                    meter.Found(new Dictionary<string, long>());
                    if (_outage.End(out _, out _))
                    {
                        LogElsewhere();
                    }
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                if (_outage.Fail())
                {
                    LogLater(fault);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The key that the record is under now; <c>null</c> for no record of ours.</summary>
    private async Task<string?> Look(StoredRecord record)
    {
        var opened = cipher.Open(record, record.Owner ?? new StateOwner("", "", ""));
        var isCluster = ClusterRecord.All.Any(known => known.State == record.Owner?.State && known.Grain.ToString() == record.Owner?.Grain);
        if (record is { KeepUntil: null, Owner: not null } && !isCluster && opened.Plain is not null)
        {
            await store.End(record, time.GetUtcNow() + MaxFormerAge);
        }

        if (opened.IsDiscarded && isCluster)
        {
            // A silo that still has the key may run by it: whoever reads it with the word to give it up writes the next one.
            return opened.KeyId;
        }

        if (opened.IsDiscarded)
        {
            await store.Remove(record);
        }
        else if (opened is { Plain: { } plain, IsCurrent: false } && record.Owner is { } owner)
        {
            await store.Reseal(record, cipher.Seal(plain, owner));
            return keys.Current;
        }

        return opened.KeyId;
    }

    private static TimeSpan Jittered(TimeSpan period) => period * Jitter.Between(1, 1.5);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep of the stored records did not complete; it runs again")]
    private partial void LogLater(Exception fault);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Another silo has begun the sweep of the stored records that did not complete here; its log has the outcome")]
    private partial void LogElsewhere();

    [LoggerMessage(Level = LogLevel.Information, Message = "The sweep of the stored records completed, {Minutes:F0} minutes late")]
    private partial void LogWell(double minutes);
}
