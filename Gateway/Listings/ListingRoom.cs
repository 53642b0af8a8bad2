using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// How many listings, of tags or repositories, a gateway reads at once: each may take a minute of an upstream's work, and up to a
/// megabyte here. The others wait a while. Nobody has more than a quarter of what its tenant has.
/// </summary>
internal sealed class ListingRoom(ClientAddress addresses, TimeProvider time) : IDisposable
{
    /// <summary>Listings that are read at once.</summary>
    public const int MaxAtOnce = 128;

    /// <summary>Listings of one tenant that are read at once.</summary>
    public const int MaxOfTenant = 16;

    /// <summary>Listings that are read at once for one identity, or for one address (the /48 of IPv6) without a login.</summary>
    public const int MaxOfCaller = MaxOfTenant / 4;

    /// <summary>Listings of one caller, and of one tenant, that wait for their turn.</summary>
    public const int MaxWaiting = 256;

    /// <summary>The longest that a listing waits for its turn.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _all = new(MaxAtOnce);
    private readonly KeyedPlaces _tenants = new(MaxOfTenant, MaxWaiting);
    private readonly KeyedPlaces _callers = new(MaxOfCaller, MaxWaiting);

    /// <summary>Callers whose listings are read or wait.</summary>
    internal int Callers => _callers.Count;

    /// <summary>Runs the reading of a listing when it is its turn; the error for the client when that does not come.</summary>
    public Task<DistributionError?> Run(HttpContext context, string tenant, Caller caller, Func<Task<DistributionError?>> read) =>
        Run(tenant, caller.Token.Session?.Key ?? $"@{CallerAddress.Of(addresses.Of(context)).Site}", read, context.RequestAborted);

    internal async Task<DistributionError?> Run(
        string tenant, string caller, Func<Task<DistributionError?>> read, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(MaxWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var (isCaller, isTenant, isAll) = (false, false, false);
        try
        {
            isCaller = await _callers.Enter(caller, either.Token);
            isTenant = isCaller && await _tenants.Enter(tenant, either.Token);
            if (isTenant)
            {
                await _all.WaitAsync(either.Token);
                isAll = true;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Its turn did not come.
        }
        finally
        {
            if (!isAll)
            {
                Leave(isCaller ? caller : null, isTenant ? tenant : null);
            }
        }

        if (!isAll)
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
            Leave(caller, tenant);
        }
    }

    public void Dispose() => _all.Dispose();

    private void Leave(string? caller, string? tenant)
    {
        if (tenant is not null)
        {
            _tenants.Leave(tenant);
        }

        if (caller is not null)
        {
            _callers.Leave(caller);
        }
    }

    private static DistributionError Full() => DistributionError.Unavailable(
        StatusCodes.Status503ServiceUnavailable, "too many listings are being read at once; try again", 5);
}
