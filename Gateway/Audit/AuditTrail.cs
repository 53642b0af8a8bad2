using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// What a gateway reports: logins, refusals, pulls of manifests, ranges of blobs that nobody here checked, pushes and deletions.
/// </summary>
internal sealed partial class AuditTrail(
    AuditLog log, RequestStatistics statistics, TenantMeter meter, ClientAddress addresses, TimeProvider time)
{
    /// <summary>Of the program that asks, in characters: events wait in a queue.</summary>
    private const int MaxUserAgent = 256;

    /// <summary>Lines a second of a tenant's requests that prove nobody: strangers could fill the log with them.</summary>
    private const int MaxUnproved = 20;

    /// <summary>The reason of refusals by a limit, as operators see it.</summary>
    private const string Limit = "limit";

    private readonly LimitedRequests _limited = new(time);
    private readonly LimitedRequests _unproved = new(time, MaxUnproved);

    /// <summary>A request was refused, although it came with a token.</summary>
    public void Refused(HttpContext context, TokenService tokenService, Operation operation, DistributionPath path,
        RepositoryName? repository, Caller? caller, Refusal refusal)
    {
        if (caller is null && refusal.BearerError is null && refusal.Holder is null)
        {
            return;
        }

        Count(tokenService.Tenant.Name, refusal.Kind);
        var token = caller?.Token ?? refusal.Holder ?? refusal.Known;
        var count = (int?)null;
        if (token is null && !IsWritten(tokenService, out count))
        {
            return;
        }

        log.Write(Denied(context, tokenService, operation, path, repository, token) with
        {
            Status = refusal.Error.Status,
            Reason = refusal.Reason ?? refusal.Error.Message,
            Count = count,
        });
    }

    private void Count(string tenant, string reason)
    {
        meter.Denied(tenant, reason);
        statistics.Denied(tenant, reason);
    }

    /// <summary>A request met a limit: a line a second for each tenant.</summary>
    public void Limited(
        HttpContext context, TokenService tokenService, Operation operation, DistributionPath path, RepositoryName? repository,
        AccessToken? token, DistributionError error)
    {
        statistics.Denied(tokenService.Tenant.Name, Limit);
        if (_limited.Count(tokenService.Tenant.Name) is { } count)
        {
            log.Write(Denied(context, tokenService, operation, path, repository, token) with
            {
                Status = error.Status, Reason = LimitOf(error), Count = count
            });
        }
    }

    /// <summary>A token request met a limit before anybody was asked.</summary>
    public void Limited(HttpContext context, TokenService tokenService, TokenRequest request, DistributionError error)
    {
        statistics.Denied(tokenService.Tenant.Name, Limit);
        if (_limited.Count(tokenService.Tenant.Name) is { } count)
        {
            log.Write(Start(context, tokenService, "login") with
            {
                Subject = NameOf(request),
                Action = ActionOf(request),
                Decision = "deny",
                Status = error.Status,
                Reason = LimitOf(error),
                Count = count,
            });
        }
    }

    /// <summary>Whether a request that proves nobody has its own line, and how many there were if more than it.</summary>
    private bool IsWritten(TokenService tokenService, out int? count)
    {
        var since = _unproved.Count(tokenService.Tenant.Name);
        count = since > 1 ? since : null;
        return since is not null;
    }

    /// <summary>Tells of requests that no line counts yet, and perhaps none ever would: nobody else may come.</summary>
    /// <param name="isLast">Whether the host stops: all of them are told, also those whose second is not over.</param>
    public void TellUntold(bool isLast)
    {
        Tell(_limited, "limited: more requests met a limit", isLast);
        Tell(_unproved, "more requests proved nobody", isLast);
    }

    private void Tell(LimitedRequests requests, string reason, bool isLast)
    {
        foreach (var (tenant, count) in requests.TakeUntold(isLast))
        {
            log.Write(new AuditEvent
            {
                Time = time.GetUtcNow(), Event = "denied", Tenant = tenant, Decision = "deny", Reason = reason, Count = count,
            });
        }
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

    /// <summary>A request that was allowed has ended, well or in an error that the client is yet to be told.</summary>
    public void Done(RegistryRequest request, Operation operation, DistributionError? error)
    {
        if (error is { IsRefusedUpstream: true })
        {
            Count(request.TokenService.Tenant.Name, "upstream");
        }

        if (EventOf(operation, request) is not { } name)
        {
            return;
        }

        var response = request.Context.Response;
        var status = error?.Status ?? response.StatusCode;
        if (operation == Operation.PullManifest && status is StatusCodes.Status200OK or StatusCodes.Status304NotModified)
        {
            statistics.Pulled(request.TokenService.Tenant.Name, request.Repository.Value);
        }

        var line = Start(request.Context, request.TokenService, name) with
        {
            Subject = request.Caller.Token.Subject,
            Authenticator = request.Caller.Token.Authenticator,
            Action = ActionOf(operation),
            Repository = request.Repository.Value,
            Reference = request.Path.Reference?.ToString(),
            Digest = request.Path.Digest?.Value
                ?? (response.Headers["Docker-Content-Digest"].ToString() is { Length: > 0 } digest ? digest : null),
            Decision = "allow",
            Rule = request.Caller.RuleFor(request.Repository, OperationTable.Actions(operation).Needed),
            Status = StatusOf(request, request.Path.Reference, status),
            Bytes = error is null ? response.ContentLength : DistributionErrorWriter.LengthOf(request.Context, error),
            Cache = request.Cache.Name(),
            Upstream = request.Upstream.Name,
            Reason = error is null ? null : ReasonOf(error),
        };
        log.Write(line);
        foreach (var tag in request.Tags)
        {
            log.Write(line with { Reference = tag.Value, Bytes = null, Status = StatusOf(request, ManifestReference.Of(tag), status) });
        }

        if (request.ReferrersTag is { } list)
        {
            log.Write(line with
            {
                Event = "push", Reference = list.Value, Digest = null, Bytes = null, Status = StatusCodes.Status201Created
            });
        }
    }

    /// <summary>
    /// Of a request that is several writes each is told as what became of it; the answer's status is that of those that were not done.
    /// </summary>
    private static int StatusOf(RegistryRequest request, ManifestReference? reference, int status) =>
        reference is not null && request.Written is { } written && written.TryGetValue(reference, out var done) ? done : status;

    private static string ReasonOf(DistributionError error) => error switch
    {
        { IsRefusedUpstream: true } => $"upstream refused: {error.Message}",
        { Status: StatusCodes.Status429TooManyRequests } => LimitOf(error),
        _ => error.Message,
    };

    /// <summary>A token request was answered.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tokenService">Whose it is.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="result">What the cluster decided.</param>
    /// <param name="limited">The limit that was met all the same; <c>null</c> when none was.</param>
    public void Login(HttpContext context, TokenService tokenService, TokenRequest request, LoginResult result,
        DistributionError? limited = null)
    {
        var granted = result.Status == LoginStatus.Granted;
        meter.LoggedIn(tokenService.Tenant.Name, result, limited is not null);
        if (limited is not null || result.Status is LoginStatus.Throttled or LoginStatus.Rejected)
        {
            statistics.Denied(tokenService.Tenant.Name, limited is null && result.Status == LoginStatus.Rejected ? "login" : Limit);
        }

        var count = (int?)null;
        if (!granted && result.Subject.Length == 0 && !IsWritten(tokenService, out count))
        {
            return;
        }

        log.Write(Start(context, tokenService, "login") with
        {
            Count = count,
            Subject = granted || result.Subject.Length > 0 ? result.Subject : NameOf(request),
            Authenticator = granted || result.Authenticator.Length > 0 ? result.Authenticator
                : request.Credentials.Kind == LoginCredentialsKind.Assertion ? request.Credentials.Name : null,
            Action = result.Administers ? AdministrationScope.Action : ActionOf(request),
            Decision = granted && limited is null ? "allow" : "deny",
            Status = limited?.Status ?? LoginOutcome.StatusOf(result.Status),
            Reason = limited is null ? LoginOutcome.ReasonOf(result) : LimitOf(limited),
        });
    }

    private static string? NameOf(TokenRequest request) =>
        request.Credentials.Kind == LoginCredentialsKind.Password ? request.Credentials.Name : null;

    private static string ActionOf(TokenRequest request) => request.Credentials.Kind.ToString().ToLowerInvariant();

    /// <summary>A browser came back from its provider.</summary>
    public void BrowserLogin(HttpContext context, TokenService tokenService, LoginResult result)
    {
        var granted = result.Status == LoginStatus.Granted;
        meter.LoggedIn(tokenService.Tenant.Name, result, isLimited: false);
        log.Write(Start(context, tokenService, "login") with
        {
            Subject = granted || result.Subject.Length > 0 ? result.Subject : null,
            Authenticator = granted || result.Authenticator.Length > 0 ? result.Authenticator : null,
            Action = granted && result.AccessToken is null ? "approvedevice" : "browser",
            Reference = granted && result.Administers ? AdministrationScope.Of(tokenService.Tenant.Name) : null,
            Decision = granted ? "allow" : "deny",
            Status = granted ? 200 : result.Status == LoginStatus.Unavailable ? 503 : 403,
            Reason = LoginOutcome.ReasonOf(result),
        });
    }

    private AuditEvent Start(HttpContext context, TokenService tokenService, string name) => new()
    {
        Time = time.GetUtcNow(),
        Event = name,
        Tenant = tokenService.Tenant.Name,
        Client = addresses.Of(context)?.ToString(),
        UserAgent = HeaderText.Shorten(context.Request.Headers.UserAgent.ToString(), MaxUserAgent),
        RequestId = context.TraceIdentifier,
    };

    private static string? EventOf(Operation operation, RegistryRequest request) => operation switch
    {
        Operation.PullManifest when !request.IsHead => "pull",
        Operation.PullBlob when request.Cache == CacheState.Unverified => "range",
        Operation.PutManifest => "push",
        Operation.DeleteManifest or Operation.DeleteBlob => "delete",
        _ => null,
    };

    /// <summary>What was asked for; <c>null</c> for what needs no action.</summary>
    private static string? ActionOf(Operation operation) => operation switch
    {
        Operation.Ping => null,
        Operation.ListCatalog => "catalog",
        _ => OperationTable.Actions(operation).Needed.Names()[0],
    };
}
