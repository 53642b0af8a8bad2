using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>Logins by a user name and a password: of a person, of a robot, or the refresh token of its own user.</summary>
internal sealed class LoginWithPassword(
    PasswordLogin passwords, AuthenticatorDirectory authenticators, LoginThrottle throttle, GoodAddresses good, LoginVerifier verifier,
    AccessTokenIssuer issuer, LoginWithRefreshToken refreshTokens)
{
    /// <summary>Administrators of several tenants are guessed at as one account: each tenant's door leads to the same directory.</summary>
    private const string AllTenants = "";

    /// <summary>
    /// An empty password proves nothing and is what kubelet sends when Docker's configuration holds an identity token: refused without
    /// being charged. A refresh token is taken as the password of its own user, as clients of ACR and sigstore send it.
    /// </summary>
    public async ValueTask<LoginResult> Try(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation)
    {
        if (password.Reveal().Length == 0)
        {
            return LoginResult.Rejected("the password is empty; a client with an identity token must send that token");
        }

        if (RefreshToken.TryParse(password, out var token) && token.Subject == user)
        {
            return await refreshTokens.Try(tenant, request, password, cancellation);
        }

        if (RobotName.TryGet(user, out var robot))
        {
            return await AsRobot(tenant, request, robot, password, cancellation);
        }

        var (caller, judge) = (CallerAddress.Of(request.ClientAddress), "");
        var verdict = await verifier.Verify(
            stop => throttle.Begin(request.Administers ? AllTenants : tenant.Name, user, request.ClientAddress, stop),
            stop => passwords.Verify(
                request.Administers ? authenticators.OfAdministrators(tenant) : authenticators.Of(tenant), user, password,
                new PasswordSource(tenant.Name, caller.Site, good.Has(tenant.Name, caller)), name => judge = name, stop,
                endsAtSilence: request.Administers),
            cancellation);
        return await Conclude(request, verdict, judge, cancellation);
    }

    private async ValueTask<LoginResult> AsRobot(
        TenantConfiguration tenant, LoginRequest request, string robot, Secret secret, CancellationToken cancellation)
    {
        var verdict = await verifier.Verify(
            stop => throttle.BeginRobot(tenant.Name, robot, secret, request.ClientAddress, stop),
            stop => authenticators.Robots.Verify(tenant.Name, robot, secret, request.ClientAddress, stop),
            cancellation);
        return await Conclude(request, verdict, AuthenticatorConfiguration.Robot, cancellation);
    }

    private async ValueTask<LoginResult> Conclude(
        LoginRequest request, Verdict verdict, string judge, CancellationToken cancellation) =>
        await verifier.Conclude(() => issuer.Open(request, verdict, cancellation), cancellation) with { Judge = judge };
}
