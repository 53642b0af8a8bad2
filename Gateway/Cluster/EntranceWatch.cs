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

    private async Task<bool> LookNow()
    {
        var closed = await Task.WhenAll(Enumerable.Range(0, Entrances.Ways).Select(IsClosed));
        return Array.Exists(closed, each => each);
    }

    private async Task<bool> IsClosed(int way)
    {
        using var late = new CancellationTokenSource(Limit, time);
        try
        {
            await grains.GetGrain<IEntranceGrain>(way).Ping(late.Token).AsTask().WaitAsync(late.Token);
            entrances.Answered(way);
            return false;
        }
        catch (Exception fault) when (fault is OperationCanceledException or TimeoutException)
        {
            entrances.WasSilent(way);
            return true;
        }
        catch (Exception)
        {
            // Refused is not silent.
            return false;
        }
    }
}
