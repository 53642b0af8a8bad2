using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cluster;

/// <summary>Finds the ways into the cluster that are closed: those of a silo that is there and says nothing.</summary>
internal sealed class EntranceWatch(IGrainFactory grains, Entrances entrances, TimeProvider time)
{
    /// <summary>How long a way may take to answer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private Task<bool>? _look;

    /// <summary>Whether any way is closed; who asks while others look gets their answer.</summary>
    public Task<bool> Look()
    {
        lock (_gate)
        {
            return _look is { IsCompleted: false } running ? running : _look = LookNow();
        }
    }

    /// <summary>
    /// A way that answers now, for a question that is asked once, and the silo to which it leads; <c>null</c> when that cannot be had. Where
    /// none answers, the next one.
    /// </summary>
    public async Task<(int Way, string? Silo)> Open(CancellationToken cancellation)
    {
        var way = entrances.Next();
        if (await Ask(way) is (true, var silo))
        {
            return (way, silo);
        }

        await Look().WaitAsync(cancellation);
        way = entrances.Next();
        return (way, (await Ask(way)).Silo);
    }

    /// <summary>Whether a way leads to another silo than it did: its connection is gone, and with it the answer.</summary>
    public async Task<bool> HasMoved(int way, string? silo) => silo is not null && await Ask(way) is (true, { } now) && now != silo;

    private async Task<bool> LookNow()
    {
        var open = await Task.WhenAll(Enumerable.Range(0, Entrances.Ways).Select(way => Ask(way)));
        return !Array.TrueForAll(open, each => each.Open);
    }

    /// <summary>Whether a way is open, and where it leads.</summary>
    private async Task<(bool Open, string? Silo)> Ask(int way)
    {
        using var late = new CancellationTokenSource(Limit, time);
        try
        {
            var silo = await grains.GetGrain<IEntranceGrain>(way).Where(late.Token).AsTask().WaitAsync(late.Token);
            entrances.Answered(way);
            return (true, silo);
        }
        catch (Exception fault) when (fault is OperationCanceledException or TimeoutException)
        {
            entrances.WasSilent(way);
            return (false, null);
        }
        catch (Exception)
        {
            // Refused is not silent.
            return (true, null);
        }
    }
}
