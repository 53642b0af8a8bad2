using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Asks a tenant's password authenticators in their order. The first that knows the user decides. Where a password file is among them, an
/// unknown user costs what a wrong password costs.
/// </summary>
internal sealed class PasswordLogin(PasswordWork work)
{
    /// <summary>A hash that no password of any user belongs to: what an unknown user's password is checked against.</summary>
    private static string Decoy(string cost) => $"$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    /// <param name="order">The authenticators of the tenant, in the order in which they are asked.</param>
    /// <param name="user">The user name.</param>
    /// <param name="password">The password.</param>
    /// <param name="from">From where it comes.</param>
    /// <param name="asks">Hears the name of each before it is asked, and in the end whose word counts.</param>
    /// <param name="cancellation">Ends when nobody waits any more.</param>
    /// <param name="endsAtSilence">Whether nobody else gets the password when one of them cannot say now.</param>
    public async ValueTask<Verdict> Verify(
        IEnumerable<(string Name, IAuthenticator Authenticator)> order, string user, Secret password, PasswordSource from,
        Action<string> asks, CancellationToken cancellation, bool endsAtSilence = false)
    {
        var (result, silent) = (Verdict.Unknown, (string?)null);
        string? cost = null;
        foreach (var (name, any) in order)
        {
            if (any is not IPasswordAuthenticator authenticator)
            {
                continue;
            }

            asks(name);
            cost = authenticator is HtpasswdAuthenticator { HighestCost: var highest }
                && string.CompareOrdinal(highest, cost) > 0 ? highest : cost;
            var verdict = await authenticator.Verify(user, password, from, cancellation);
            switch (verdict.Kind)
            {
                case VerdictKind.Unavailable when endsAtSilence:
                    return verdict;
                case VerdictKind.Unavailable:
                    result = verdict with { MayBeCounted = verdict.MayBeCounted || result.MayBeCounted };
                    silent = name;
                    break;
                case not VerdictKind.Unknown:
                    return verdict;
            }
        }

        if (silent is not null)
        {
            asks(silent);
        }

        var isChecked = cost is null || await work.Verify(Decoy(cost), password, from, cancellation) is not null;
        return isChecked || result.MayBeCounted ? result : Verdict.Busy;
    }
}
