using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>Resumes the session that a refresh token names.</summary>
internal sealed class LoginWithRefreshToken(
    IGrainFactory grains, RoutingSeal seal, UnprovedTokens unproved, EndedTokens ended, AccessTokenIssuer issuer)
{
    /// <summary>
    /// A token without the cluster's seal may name a session of nobody's, so it is charged until its session knows it; one with a seal is
    /// charged when its session has ended.
    /// </summary>
    public async ValueTask<LoginResult> Try(
        TenantConfiguration tenant, LoginRequest request, Secret text, CancellationToken cancellation)
    {
        if (!RefreshToken.TryParse(text, out var token)
            || (token.Authenticator != AuthenticatorConfiguration.Robot && !tenant.Authenticators.Contains(token.Authenticator)))
        {
            return LoginResult.Rejected("this is not a session token of this registry; log in again");
        }

        var key = new SessionKey(request.Tenant, token.Authenticator, token.Subject).ToString();
        var proved = await seal.IsGood(token.Seal, RefreshToken.SealKind, key, cancellation);
        var charge = proved ? null : unproved.TryCharge(request.Tenant, request.ClientAddress);
        if (proved ? ended.AreTooMany(key, token.SessionId, request.ClientAddress) : charge is null)
        {
            return AccessTokenIssuer.Failure(Verdict.TooMany);
        }

        var resumed = await grains.GetGrain<ISessionAuthorityGrain>(key).Resume(token.SessionId, token.Hash());
        if (resumed is not { Session: null, Unavailable: null })
        {
            charge?.Forgive();
        }
        else if (proved)
        {
            ended.Charge(key, token.SessionId, request.ClientAddress);
        }

        return resumed switch
        {
            { Session: { } session } => await issuer.Issue(request, session, session.Rules, text, cancellation: cancellation),
            { Unavailable: { } why } => AccessTokenIssuer.Failure(Verdict.Unavailable(why)),
            _ => LoginResult.Rejected("this session has ended or was revoked; log in again") with
            {
                Authenticator = proved ? token.Authenticator : "", Subject = proved ? token.Subject : "",
            },
        };
    }
}
