using System.Collections.Concurrent;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>How many listings a gateway reads at once: each may take a minute of an upstream's work, and up to a megabyte here. The others wait a while.</summary>
internal sealed class ListingRoom(TimeProvider time) : IDisposable
{
    /// <summary>Listings that are read at once.</summary>
    public const int MaxAtOnce = 128;

    /// <summary>Listings of one tenant that are read at once.</summary>
    public const int MaxOfTenant = 16;

    /// <summary>The longest that a listing waits for its turn.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _all = new(MaxAtOnce);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _tenants = new();

    /// <summary>Runs the reading of a listing when it is its turn; the error for the client when that does not come.</summary>
    public async Task<DistributionError?> Run(string tenant, Func<Task<DistributionError?>> read, CancellationToken cancellation)
    {
        var own = _tenants.GetOrAdd(tenant, static _ => new SemaphoreSlim(MaxOfTenant));
        if (!await Enter(own, cancellation))
        {
            return Full();
        }

        try
        {
            if (!await Enter(_all, cancellation))
            {
                return Full();
            }

            try
            {
                return await read();
            }
            finally
            {
                _all.Release();
            }
        }
        finally
        {
            own.Release();
        }
    }

    public void Dispose()
    {
        _all.Dispose();
        foreach (var places in _tenants.Values)
        {
            places.Dispose();
        }
    }

    private async Task<bool> Enter(SemaphoreSlim places, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(MaxWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await places.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static DistributionError Full() => DistributionError.Unavailable(
        StatusCodes.Status503ServiceUnavailable, "too many listings are being read at once; try again", 5);
}
