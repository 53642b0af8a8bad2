using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;

namespace RegistryProxy.Gateway.Audit;

/// <summary>What becomes of requests of a tenant's administration.</summary>
internal sealed partial class AuditTrail
{
    /// <summary>Of an address below <c>/admin/</c>, in characters.</summary>
    private const int MaxAdministrationPath = 256;

    /// <summary>An administrator of the tenant changed something.</summary>
    public void Administered(HttpContext context, TokenService tokenService, AccessToken token, AdministrationEvent change) =>
        log.Write(Start(context, tokenService, change.Event) with
        {
            Administrator = $"{token.Authenticator}/{token.Subject}", Subject = change.Subject, Authenticator = change.Authenticator,
            Reference = change.Reference, Action = change.Action, Repository = change.Repository, Reason = change.Reason,
            Count = change.Count,
        });

    /// <summary>Somebody ended a session of their own.</summary>
    public void Ended(HttpContext context, TokenService tokenService, AccessToken token, string session) =>
        log.Write(Start(context, tokenService, "revoke") with
        {
            Subject = token.Subject, Authenticator = token.Authenticator, Reference = HeaderText.Shorten(session, MaxAdministrationPath),
            Action = "own", Count = 1,
        });

    /// <summary>A request of the administration was refused, although it came with a token.</summary>
    public void Refused(HttpContext context, TokenService tokenService, string path, AccessToken? token, Refusal refusal)
    {
        Tell(context);
        if (token is null && refusal.BearerError is null && refusal.Holder is null)
        {
            return;
        }

        Count(tokenService.Tenant.Name, refusal.Kind);
        var known = token ?? refusal.Holder ?? refusal.Known;
        if (IsWritten(tokenService, known, out var count))
        {
            log.Write(Denied(context, tokenService, path, known, refusal.Error) with
            {
                Reason = refusal.Reason ?? refusal.Error.Message, Count = count
            });
        }
    }

    /// <summary>A request of the administration met a limit: a line a second for each tenant.</summary>
    public void Limited(HttpContext context, TokenService tokenService, string path, AccessToken? token, DistributionError error)
    {
        Tell(context);
        statistics.Denied(tokenService.Tenant.Name, Limit);
        WriteLimited(Denied(context, tokenService, path, token, error), error);
    }

    private AuditEvent Denied(HttpContext context, TokenService tokenService, string path, AccessToken? token, DistributionError error) =>
        Start(context, tokenService, "denied") with
        {
            Subject = token?.Subject, Authenticator = token?.Authenticator, Action = AdministrationScope.Action,
            Reference = HeaderText.Shorten(path, MaxAdministrationPath), Decision = "deny", Status = error.Status,
        };
}
