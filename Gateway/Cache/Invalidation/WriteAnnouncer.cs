using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Tells every gateway of what is written through this one.</summary>
internal sealed partial class WriteAnnouncer(
    CacheCluster cluster, CacheInvalidation invalidation, UntoldWrites untold, InvalidationClock clock, TimeProvider time,
    ILogger<WriteAnnouncer> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>How much longer than they believe what they know other gateways may take to be known as gone.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    private readonly Outage _outage = new(time);

    /// <summary>
    /// Something is about to be written through us: every gateway forgets what it was, before this returns which write it is. <c>null</c>
    /// when the others could not be told: they may believe what they have, so it must not be written.
    /// </summary>
    public async Task<Guid?> Begin(Destination destination, ManifestReference reference)
    {
        var (target, write) = (TargetOf(destination, reference), Guid.NewGuid());
        invalidation.Apply(target, write, WriteStep.Begun);
        if (await TryTell(target, write, WriteStep.Begun))
        {
            return write;
        }

        invalidation.Apply(target, write, WriteStep.Refused);
        return null;
    }

    /// <summary>What was about to be written was, or not: every gateway knows before this returns, or hears of it later.</summary>
    public async Task End(Destination destination, ManifestReference reference, Guid write, WriteStep step)
    {
        var target = TargetOf(destination, reference);
        invalidation.Apply(target, write, step);
        if (!await TryTell(target, write, step))
        {
            untold.Add(new UntoldWrite(target, write, step));
        }
    }

    private static WriteTarget TargetOf(Destination destination, ManifestReference reference) =>
        new(destination.Upstream.Address, destination.Name, reference);

    /// <summary>
    /// Tells the cluster, again and again while it changes: until it hears, or until every gateway that heard of it as late as we did
    /// believes nothing any more. A cluster that is away for long is not waited for.
    /// </summary>
    private async Task<bool> TryTell(WriteTarget target, Guid write, WriteStep step)
    {
        var began = time.GetTimestamp();
        var timeout = clock.Hears(target.Place) ? CacheReport.Trust + Margin : TimeSpan.Zero;
        while (true)
        {
            try
            {
                await cluster.Changed(target, write, step);
                if (_outage.End(out var failures, out var lasted))
                {
                    LogTold(failures, lasted.TotalSeconds);
                }

                return true;
            }
            catch (Exception fault)
            {
                if (time.GetElapsedTime(began) >= timeout)
                {
                    if (_outage.Fail())
                    {
                        LogUntold(fault);
                    }

                    return false;
                }
            }

            await Task.Delay(Pause, time);
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Other gateways are notified of writes again; {Failures} writes were notified late or not done within {Seconds:F0} s")]
    private partial void LogTold(long failures, double seconds);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Other gateways could not be notified of a write; retrying when the cluster responds")]
    private partial void LogUntold(Exception fault);
}
