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
    /// <summary>
    /// An empty password proves nothing and is what kubelet sends when Docker's configuration holds an identity token: refused without
    /// being charged. A refresh token is taken as the password of its own user, as clients of ACR and sigstore send it, and goes to no
    /// directory, nor does the secret of a robot.
    /// </summary>
    public async ValueTask<LoginResult> Try(
        TenantConfiguration tenant, LoginRequest request, string user, Secret password, CancellationToken cancellation)
    {
        if (password.Reveal().Length == 0)
        {
            return LoginResult.Rejected("the password is empty; a client with an identity token must send that token");
        }

        if (RefreshToken.TryParse(password, out var token))
        {
            return AccountName.Of(token.Subject) == AccountName.Of(user)
                ? await refreshTokens.Try(tenant, request, password, cancellation)
                : LoginResult.Rejected("this password is a session token, of another user: its user name is _session");
        }

        if (RobotName.TryGet(user, out var robot))
        {
            return await AsRobot(tenant, request, robot, password, cancellation);
        }

        if (RobotSecret.IsWellFormed(password))
        {
            return LoginResult.Rejected($"this password is the secret of a robot: its user name is {RobotName.UserOf("NAME")}");
        }

        List<(string Name, IAuthenticator Authenticator)> order =
            [.. request.Administers ? authenticators.OfAdministrators(tenant) : authenticators.OfPasswords(tenant)];
        var (caller, judge) = (CallerAddress.Of(request.ClientAddress), "");
        var verdict = await verifier.Verify(
            stop => throttle.Begin(DirectoryOf(tenant, order), user, request.ClientAddress, stop),
            stop => passwords.Verify(
                order, user, password, new PasswordSource(tenant.Name, caller.Site, good.Has(tenant.Name, caller)),
                name => judge = name, stop,
                endsAtSilence: request.Administers || order.Exists(one => authenticators.IsDirectoryOf(tenant, one.Name))),
            cancellation);
        return await Conclude(request, verdict, judge, cancellation);
    }

    /// <summary>
    /// Whose the accounts are that are guessed at: the doors of several tenants, and of their administration, lead to one directory of the
    /// operator's. No tenant has a name with a slash.
    /// </summary>
    private string DirectoryOf(TenantConfiguration tenant, IEnumerable<(string Name, IAuthenticator Authenticator)> order) =>
        order.FirstOrDefault(one => one.Authenticator is IPasswordAuthenticator).Name is { } first && !authenticators.IsOwn(tenant, first)
            ? $"/{first}"
            : tenant.Name;

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
