using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Slows down who asks without a login for one repository after the other that is not there: each new name costs the cluster a grain and
/// the upstream a token. A name for which no token is at hand is charged before one is asked for, however many come at once, and given back
/// when it was found. Names that were found of late are served on.
/// </summary>
internal sealed class MissedNames(ClientAddress addresses, TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 10_000;

    private const double PerSecond = 5;

    private const double PerSecondOfSite = PerSecond * CallerAddress.MaxOfSite;

    /// <summary>As many misses at once as come back in this time: 200.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(40);

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly WeighedCache<CallerAddress, NameAccount> _accounts = new(Capacity, MaxBytes, static (_, _) => 128);

    private static DistributionError Refusal { get; } =
        DistributionError.TooManyRequests("too many requests for repositories that do not exist; log in, or try again later", 10);

    /// <summary>Who is charged; <c>null</c> for who is logged in.</summary>
    public NameAccount? AccountOf(Caller caller, HttpContext context) =>
        caller.Token.IsAnonymous ? AccountOf(CallerAddress.Of(addresses.Of(context))) : null;

    /// <summary>Whether the caller missed before, and the error when it did so often that it gets no new name now.</summary>
    public (bool HasMissed, DistributionError? Spent) Of(NameAccount own)
    {
        var site = SiteOf(own);
        var isSpent = !own.Gate.CanTake(1, PerSecond) || (own.From.HasSite && !site.Gate.CanTake(1, PerSecondOfSite));
        return (site.HasMissed, isSpent ? Refusal : null);
    }

    /// <summary>Charges a name for which an upstream token is about to be asked for; the error when there were too many.</summary>
    public DistributionError? Take(NameAccount own)
    {
        if (!own.Gate.TryTake(1, PerSecond, out _))
        {
            return Refusal;
        }

        if (!own.From.HasSite || SiteOf(own).Gate.TryTake(1, PerSecondOfSite, out _))
        {
            return null;
        }

        own.Gate.GiveBack(1, PerSecond);
        return Refusal;
    }

    /// <summary>
    /// A request ended: one for what is not there is counted, and one whose client did not wait for the answer. What was charged before is
    /// given back when it was found, or refused here; an upstream that cannot cope with so many is no reason to.
    /// </summary>
    public void Note(NameAccount own, NameCharge charge, int status, bool hasLeft)
    {
        var isMiss = hasLeft || status is 401 or 403 or 404 or 406 or 502;
        if (isMiss)
        {
            SiteOf(own).HasMissed = true;
        }

        if (charge == NameCharge.None && isMiss)
        {
            own.Gate.TryTake(1, PerSecond, out _);
            if (own.From.HasSite)
            {
                SiteOf(own).Gate.TryTake(1, PerSecondOfSite, out _);
            }
        }
        else if (charge != NameCharge.None && !isMiss && !(charge == NameCharge.Taken && status is 429 or 503 or 504))
        {
            GiveBack(own);
        }
    }

    /// <summary>Takes a charge back.</summary>
    public void GiveBack(NameAccount own)
    {
        own.Gate.GiveBack(1, PerSecond);
        if (own.From.HasSite)
        {
            SiteOf(own).Gate.GiveBack(1, PerSecondOfSite);
        }
    }

    private NameAccount SiteOf(NameAccount own) => own.From.HasSite ? AccountOf(own.From.Site) : own;

    private NameAccount AccountOf(CallerAddress from) => _accounts.TryGet(from, out var known) ? known : Begin(from);

    private NameAccount Begin(CallerAddress from) => _accounts.GetOrAdd(from, () => new NameAccount(this, from, new RateGate(time, Burst)));
}
