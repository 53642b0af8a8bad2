using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Slows down who asks without a login for one repository after the other that is not there: each new name costs the cluster a grain and the
/// upstream a token. A name for which no token is at hand is charged before one is asked for, however many come at once, and given back when
/// it was found. Names that were found of late are served on.
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

    private readonly WeighedCache<CallerAddress, Account> _accounts = new(Capacity, MaxBytes, static (_, _) => 96);

    private static DistributionError Refusal { get; } =
        DistributionError.TooManyRequests("this address asked for too many repositories that are not there; log in, or wait a little", 10);

    private readonly Func<Account> _newAccount = () => new Account(new RateGate(time, Burst));

    /// <summary>Who is charged; <c>null</c> for who is logged in.</summary>
    public CallerAddress? AddressOf(Caller caller, HttpContext context) =>
        caller.Token.IsAnonymous ? CallerAddress.Of(addresses.Of(context)) : null;

    /// <summary>Whether the caller missed before, and the error when it did so often that it gets no new name now.</summary>
    public (bool HasMissed, DistributionError? Spent) Of(CallerAddress from)
    {
        if (!_accounts.TryGet(from.Site, out var site))
        {
            return (false, null);
        }

        var isSpent = !site.Gate.CanTake(1, SiteRate(from))
            || (from.HasSite && _accounts.TryGet(from, out var own) && !own.Gate.CanTake(1, PerSecond));
        return (site.HasMissed, isSpent ? Refusal : null);
    }

    /// <summary>Charges a name for which an upstream token is about to be asked for; the error when there were too many.</summary>
    public DistributionError? Take(CallerAddress from)
    {
        var own = _accounts.GetOrAdd(from, _newAccount).Gate;
        if (!own.TryTake(1, PerSecond, out _))
        {
            return Refusal;
        }

        if (!from.HasSite || _accounts.GetOrAdd(from.Site, _newAccount).Gate.TryTake(1, SiteRate(from), out _))
        {
            return null;
        }

        own.GiveBack(1, PerSecond);
        return Refusal;
    }

    /// <summary>
    /// A request ended: one for what is not there is counted, and one whose client did not wait for the answer. What was charged before is
    /// given back when it was found, or refused here; an upstream that cannot cope with so many is no reason to.
    /// </summary>
    public void Note(CallerAddress from, NameCharge charge, int status, bool hasLeft)
    {
        var isMiss = hasLeft || status is 401 or 403 or 404 or 406 or 502;
        if (isMiss)
        {
            _accounts.GetOrAdd(from.Site, _newAccount).HasMissed = true;
        }

        if (charge == NameCharge.None && isMiss)
        {
            _accounts.GetOrAdd(from, _newAccount).Gate.TryTake(1, PerSecond, out _);
            if (from.HasSite)
            {
                _accounts.GetOrAdd(from.Site, _newAccount).Gate.TryTake(1, SiteRate(from), out _);
            }
        }
        else if (charge != NameCharge.None && !isMiss && !(charge == NameCharge.Taken && status is 429 or 503 or 504))
        {
            GiveBack(from);
        }
    }

    private void GiveBack(CallerAddress from)
    {
        if (_accounts.TryGet(from, out var own))
        {
            own.Gate.GiveBack(1, PerSecond);
        }

        if (from.HasSite && _accounts.TryGet(from.Site, out var site))
        {
            site.Gate.GiveBack(1, SiteRate(from));
        }
    }

    private static double SiteRate(CallerAddress from) => from.HasSite ? PerSecond * CallerAddress.MaxOfSite : PerSecond;

    private sealed class Account(RateGate gate)
    {
        public RateGate Gate => gate;

        /// <summary>Whether something that was asked for from there was not there.</summary>
        public bool HasMissed { get; set; }
    }
}
