using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// Refusals by rules, limits, credentials and upstreams: every one has a line, or is counted by one. What no other part has told is told
/// when the request is answered.
/// </summary>
internal sealed partial class AuditTrail
{
    /// <summary>Lines a second of a tenant's requests that prove nobody: strangers could fill the log with them.</summary>
    private const int MaxUnproved = 20;

    /// <summary>Of a path that no operation is known of, in characters.</summary>
    private const int MaxPath = 256;

    /// <summary>The reason of refusals by a limit, as operators see it.</summary>
    private const string Limit = "limit";

    private static readonly object Told = new();

    private readonly LimitedRequests _limited = new(time);
    private readonly LimitedRequests _unproved = new(time, MaxUnproved);
    private readonly RefusedRequests _refused = new(time);

    /// <summary>A request was refused, although it came with a token.</summary>
    public void Refused(HttpContext context, TokenService tokenService, Operation operation, DistributionPath path,
        RepositoryName? repository, Caller? caller, Refusal refusal)
    {
        Tell(context);
        if (caller is null && refusal.BearerError is null && refusal.Holder is null)
        {
            return;
        }

        Count(tokenService.Tenant.Name, refusal.Kind);
        var token = caller?.Token ?? refusal.Holder ?? refusal.Known;
        if (IsWritten(tokenService, token, out var count))
        {
            log.Write(Denied(context, tokenService, operation, path, repository, token) with
            {
                Status = refusal.Error.Status, Reason = refusal.Reason ?? refusal.Error.Message, Count = count,
            });
        }
    }

    /// <summary>A request met a limit: a line a second for each tenant.</summary>
    public void Limited(
        HttpContext context, TokenService tokenService, Operation operation, DistributionPath path, RepositoryName? repository,
        AccessToken? token, DistributionError error)
    {
        Tell(context);
        statistics.Denied(tokenService.Tenant.Name, Limit);
        WriteLimited(Denied(context, tokenService, operation, path, repository, token), error);
    }

    /// <summary>A token request met a limit before anybody was asked.</summary>
    public void Limited(HttpContext context, TokenService tokenService, TokenRequest request, DistributionError error)
    {
        Tell(context);
        statistics.Denied(tokenService.Tenant.Name, Limit);
        WriteLimited(
            Start(context, tokenService, "login") with { Subject = NameOf(request), Action = ActionOf(request), Decision = "deny" }, error);
    }

    /// <summary>An operation that has no line when it is done ended in an error: it has one if it was refused.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tokenService">Whose it is.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="path">… and of what.</param>
    /// <param name="repository">The repository; <c>null</c> for the whole registry.</param>
    /// <param name="token">Who asked.</param>
    /// <param name="error">What the client is told; <c>null</c> if all went well.</param>
    /// <param name="request">The request, if it was routed.</param>
    public void Refused(HttpContext context, TokenService tokenService, Operation operation, DistributionPath path,
        RepositoryName? repository, AccessToken token, DistributionError? error, RegistryRequest? request = null)
    {
        if (error is null || !IsRefusal(error))
        {
            return;
        }

        Tell(context);
        var line = Denied(context, tokenService, operation, path, repository, token) with
        {
            Upstream = request?.Upstream.Name, Status = error.Status, Reason = ReasonOf(error),
        };
        if (error.Status == StatusCodes.Status429TooManyRequests)
        {
            WriteLimited(line, error);
        }
        else if (IsWritten(tokenService, token, out var count))
        {
            log.Write(line with { Count = count });
        }
    }

    /// <summary>A request on the hosts of a tenant was answered: a refusal that nothing has told yet is told now.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tenant">The tenant's name.</param>
    /// <param name="path">The path that was asked for, without its query.</param>
    /// <param name="error">What the client is told; <c>null</c> if all went well.</param>
    public void Answered(HttpContext context, string tenant, ReadOnlySpan<char> path, DistributionError? error)
    {
        if (error is null || !IsRefusal(error) || context.Items.ContainsKey(Told))
        {
            return;
        }

        var line = Start(context, tenant, "denied") with
        {
            Reference = HeaderText.Shorten(path.ToString(), MaxPath), Decision = "deny", Status = error.Status, Reason = ReasonOf(error),
        };
        if (error.Status == StatusCodes.Status429TooManyRequests)
        {
            statistics.Denied(tenant, Limit);
            WriteLimited(line, error);
        }
        else
        {
            Count(tenant, "credentials");
            if (IsWritten(tenant, out var count))
            {
                log.Write(line with { Count = count });
            }
        }
    }

    /// <summary>Tells of requests that no line counts yet, and perhaps none ever would: nobody else may come.</summary>
    /// <param name="isLast">Whether the host stops: all of them are told, also those whose second is not over.</param>
    public void TellUntold(bool isLast)
    {
        TellUntold(_limited, "limited: further requests in this second were rate-limited", isLast);
        TellUntold(_unproved, "further unauthenticated requests in this second", isLast);
        foreach (var (tenant, subject, authenticator, count) in _refused.TakeUntold(isLast))
        {
            log.Write(Untold(tenant, "further requests in this second were refused", count)
                with { Subject = subject, Authenticator = authenticator });
        }
    }

    private void TellUntold(LimitedRequests requests, string reason, bool isLast)
    {
        foreach (var (tenant, count) in requests.TakeUntold(isLast))
        {
            log.Write(Untold(tenant, reason, count));
        }
    }

    private AuditEvent Untold(string tenant, string reason, int count) => new()
    {
        Time = time.GetUtcNow(), Event = "denied", Tenant = tenant, Decision = "deny", Reason = reason, Count = count,
    };

    private void WriteLimited(AuditEvent line, DistributionError error)
    {
        if (_limited.Count(line.Tenant!) is { } count)
        {
            log.Write(line with { Status = error.Status, Reason = LimitOf(error), Count = count });
        }
    }

    /// <summary>Whether a refusal has its own line, and how many it stands for if more than itself.</summary>
    private bool IsWritten(TokenService tokenService, AccessToken? token, out int? count)
    {
        count = null;
        return token is null ? IsWritten(tokenService.Tenant.Name, out count)
            : _refused.IsWritten(tokenService.Tenant.Name, (token.Subject, token.Authenticator));
    }

    private bool IsWritten(string tenant, out int? count)
    {
        var since = _unproved.Count(tenant);
        count = since > 1 ? since : null;
        return since is not null;
    }

    /// <summary>Whether it is said here that a client may not, or not now: whether it is missing or broken is no refusal.</summary>
    private static bool IsRefusal(DistributionError error) => error is
    {
        Status: StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests
    } or { IsRefusedUpstream: true };

    /// <summary>What becomes of the request is in the log, or counted.</summary>
    private static void Tell(HttpContext context) => context.Items[Told] = Told;

    private void Count(string tenant, string reason)
    {
        meter.Denied(tenant, reason);
        statistics.Denied(tenant, reason);
    }

    private AuditEvent Denied(
        HttpContext context, TokenService tokenService, Operation operation, DistributionPath path, RepositoryName? repository,
        AccessToken? token) => Start(context, tokenService, "denied") with
    {
        Subject = token?.Subject,
        Authenticator = token?.Authenticator,
        Action = ActionOf(operation),
        Repository = repository?.Value ?? "",
        Reference = path.Reference?.ToString(),
        Digest = path.Digest?.Value,
        Decision = "deny",
    };

    private static string LimitOf(DistributionError error) => $"limited: {error.Message}";
}
