using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Asks a tenant's password authenticators in their order. The first that knows the user decides. Where a password file is among them, an
/// unknown user costs what a wrong password costs.
/// </summary>
internal sealed class PasswordLogin(AuthenticatorDirectory authenticators, PasswordWork work)
{
    public async ValueTask<Verdict> Verify(
        TenantConfiguration tenant, string user, Secret password, PasswordSource from, CancellationToken cancellation)
    {
        var result = Verdict.Unknown;
        var files = false;
        foreach (var authenticator in authenticators.Of(tenant).OfType<IPasswordAuthenticator>())
        {
            files |= authenticator is HtpasswdAuthenticator;
            var verdict = await authenticator.Verify(user, password, from, cancellation);
            switch (verdict.Kind)
            {
                case VerdictKind.Unavailable:
                    result = verdict with { MayBeCounted = verdict.MayBeCounted || result.MayBeCounted };
                    break;
                case not VerdictKind.Unknown:
                    return verdict;
            }
        }

        var isChecked = !files || await work.Verify(authenticators.Decoy, password, from, cancellation) is not null;
        return isChecked || result.MayBeCounted ? result : Verdict.Busy;
    }
}
