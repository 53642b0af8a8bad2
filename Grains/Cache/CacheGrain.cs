using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <inheritdoc cref="ICacheGrain"/>
internal sealed class CacheGrain(TimeProvider time, ILogger<CacheGrain> logger) : Grain, ICacheGrain
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(20);

    /// <summary>A gateway that does not answer is told no more; it follows again when it can.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ObserverManager<ICacheObserver> _gateways = new(Subscription, logger);
    private readonly Dictionary<string, (CacheReport Report, long At)> _reports = [];

    public ValueTask Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation = default)
    {
        _gateways.Subscribe(observer, observer);
        _reports[report.Gateway] = (report, time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    public async ValueTask Changed(CacheChange change, CancellationToken cancellation = default) =>
        await _gateways.Notify(gateway => gateway.Changed(change).WaitAsync(Patience, time, cancellation));

    public ValueTask<IReadOnlyList<CacheReport>> Describe(CancellationToken cancellation = default)
    {
        foreach (var gone in _reports.Where(entry => time.GetElapsedTime(entry.Value.At) > Subscription).Select(entry => entry.Key).ToList())
        {
            _reports.Remove(gone);
        }

        return new([.. _reports.Values.Select(entry => entry.Report).OrderBy(report => report.Gateway, StringComparer.Ordinal)]);
    }
}
