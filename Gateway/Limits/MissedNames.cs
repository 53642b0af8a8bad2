using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Slows down who asks without a login for one repository after the other that is not there: each new name costs the cluster a grain and the
/// upstream a token. Names that were found of late are served on.
/// </summary>
internal sealed class MissedNames(ClientAddress addresses, TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 10_000;

    private const double PerSecond = 5;

    /// <summary>As many misses at once as come back in this time: 200.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(40);

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly WeighedCache<CallerAddress, RateGate> _addresses = new(Capacity, MaxBytes, static (_, _) => 64);

    private static DistributionError Refusal { get; } =
        DistributionError.TooManyRequests("this address asked for too many repositories that are not there; log in, or wait a little", 10);

    private readonly Func<RateGate> _newGate = () => new RateGate(time, Burst);

    /// <summary>Whether the caller missed before, and the error when it did so often that it gets no new name now.</summary>
    public (bool HasMissed, DistributionError? Spent) Of(Caller caller, HttpContext context)
    {
        var from = caller.Token.IsAnonymous ? CallerAddress.Of(addresses.Of(context)) : default;
        if (!caller.Token.IsAnonymous || !_addresses.TryGet(from.Site, out var site))
        {
            return (false, null);
        }

        var isSpent = !site.CanTake(1, from.HasSite ? PerSecond * CallerAddress.MaxOfSite : PerSecond)
            || (from.HasSite && _addresses.TryGet(from, out var own) && !own.CanTake(1, PerSecond));
        return (true, isSpent ? Refusal : null);
    }

    /// <summary>A request ended: one for what is not there is counted, and one whose client did not wait for the answer.</summary>
    public void Note(Caller caller, HttpContext context, DistributionError? error)
    {
        if (caller.Token.IsAnonymous && ((error?.Status ?? context.Response.StatusCode) is 401 or 403 or 404 or 406 or 502 || context.RequestAborted.IsCancellationRequested))
        {
            var from = CallerAddress.Of(addresses.Of(context));
            _addresses.GetOrAdd(from, _newGate).TryTake(1, PerSecond, out _);
            if (from.HasSite)
            {
                _addresses.GetOrAdd(from.Site, _newGate).TryTake(1, PerSecond * CallerAddress.MaxOfSite, out _);
            }
        }
    }
}
