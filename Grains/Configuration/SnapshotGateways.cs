using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>The gateways that follow the snapshot, of this version and of the one before. For the single thread of a grain.</summary>
internal sealed class SnapshotGateways(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(20);

    private readonly ObserverManager<ISnapshotObserver> _all = new(Subscription, logger)
    {
        GetDateTime = () => DateTime.UnixEpoch + time.GetSteadyNow(),
    };
    private readonly Dictionary<ISnapshotObserver, int> _formats = [];
    private readonly HashSet<ISnapshotObserver> _asking = [];

    public int Count => _all.Count;

    /// <summary>A gateway follows, or goes on.</summary>
    public void Follows(ISnapshotObserver gateway, int format)
    {
        _all.Subscribe(gateway, gateway);
        _formats[gateway] = format;
        _all.ClearExpired();
        if (_formats.Count > _all.Count)
        {
            foreach (var gone in _formats.Keys.Except(_all).ToList())
            {
                _formats.Remove(gone);
            }
        }
    }

    /// <summary>Waits for something that this gateway is told by the answer to its question, and not by a push, too.</summary>
    public async Task Answering(ISnapshotObserver gateway, Task waited)
    {
        var isFirst = _asking.Add(gateway);
        try
        {
            await waited;
        }
        finally
        {
            if (isFirst)
            {
                _asking.Remove(gateway);
            }
        }
    }

    /// <summary>Tells all what they understand.</summary>
    /// <param name="update">By format; <c>null</c> for nothing.</param>
    /// <param name="isAnswered">Whether those who wait for an answer get it with that.</param>
    public Task Push(Func<int, SnapshotUpdate?> update, bool isAnswered = false) => _all.Notify(
        gateway => gateway.Changed(update(_formats.GetValueOrDefault(gateway))!),
        gateway => !(isAnswered && _asking.Contains(gateway)) && update(_formats.GetValueOrDefault(gateway)) is not null);
}
