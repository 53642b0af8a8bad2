using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>
/// Asks a tenant's password authenticators in their order. The first that knows the user decides. An unknown user costs what a wrong
/// password costs.
/// </summary>
internal sealed class PasswordLogin(AuthenticatorDirectory authenticators, PasswordWork work)
{
    public async ValueTask<(PasswordVerdict Verdict, VerifiedIdentity? Identity)> Verify(
        TenantConfiguration tenant, string user, Secret password, CancellationToken cancellation)
    {
        var authenticator = authenticators.PasswordsOf(tenant).FirstOrDefault(candidate => candidate.Knows(user));
        if (authenticator is null)
        {
            return await work.Verify(authenticators.Decoy, password, cancellation) is null
                ? (PasswordVerdict.Busy, null)
                : (PasswordVerdict.Unknown, null);
        }

        var verdict = await authenticator.Verify(user, password, cancellation);
        return (verdict, verdict == PasswordVerdict.Right ? authenticator.Find(user) : null);
    }
}
