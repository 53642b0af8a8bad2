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

    /// <summary>A request that was allowed has ended, well or in an error that the client is yet to be told.</summary>
    public void Done(RegistryRequest request, Operation operation, DistributionError? error)
    {
        if (error is { IsRefusedUpstream: true })
        {
            Count(request.TokenService.Tenant.Name, "upstream");
        }

        if (EventOf(operation, request) is not { } name)
        {
            Refused(
                request.Context, request.TokenService, operation, request.Path, request.Repository, request.Caller.Token, error, request);
            return;
        }

        if (error is not null)
        {
            Tell(request.Context);
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
            Tell(context);
        }

        var count = (int?)null;
        if (!granted && result.Subject.Length == 0 && !IsWritten(tokenService.Tenant.Name, out count))
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
            Reference = result.RobotSecret,
            Decision = granted && limited is null ? "allow" : "deny",
            Status = limited?.Status ?? LoginOutcome.StatusOf(result.Status),
            Reason = limited is null ? LoginOutcome.ReasonOf(result) : LimitOf(limited),
        });
    }

    private static string? NameOf(TokenRequest request) =>
        request.Credentials.Kind == LoginCredentialsKind.Password ? request.Credentials.Name : null;

    private static string ActionOf(TokenRequest request) => request.Credentials.Kind.ToString().ToLowerInvariant();

    /// <summary>A browser came back from its provider.</summary>
    public void BrowserLogin(HttpContext context, TokenService tokenService, LoginResult result, int? status = null)
    {
        var granted = result.Status == LoginStatus.Granted;
        var count = (int?)null;
        Tell(context);
        meter.LoggedIn(tokenService.Tenant.Name, result, isLimited: false);
        if (!granted && result.Subject.Length == 0 && !IsWritten(tokenService.Tenant.Name, out count))
        {
            return;
        }

        log.Write(Start(context, tokenService, "login") with
        {
            Count = count,
            Subject = granted || result.Subject.Length > 0 ? result.Subject : null,
            Authenticator = granted || result.Authenticator.Length > 0 ? result.Authenticator : null,
            Action = granted && result.AccessToken is null ? "approvedevice" : "browser",
            Reference = granted && result.Administers ? AdministrationScope.Of(tokenService.Tenant.Name) : null,
            Decision = granted ? "allow" : "deny",
            Status = status ?? (granted ? 200 : result.Status == LoginStatus.Unavailable ? 503 : 403),
            Reason = LoginOutcome.ReasonOf(result),
        });
    }

    private AuditEvent Start(HttpContext context, TokenService tokenService, string name) =>
        Start(context, tokenService.Tenant.Name, name);

    private AuditEvent Start(HttpContext context, string tenant, string name) => new()
    {
        Time = time.GetUtcNow(),
        Event = name,
        Tenant = tenant,
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

/// <summary>What became of a login, as the audit log has it.</summary>
internal static class LoginOutcome
{
    /// <summary>Why it was not granted; <c>null</c> when it was.</summary>
    public static string? ReasonOf(LoginResult result) => result.Status switch
    {
        LoginStatus.Granted => null,
        LoginStatus.Throttled => $"limited: {result.Message}",
        LoginStatus.Unavailable =>
            $"undecided: {(result.Message.Length > 0 ? result.Message : "the client disconnected, or the cluster does not respond")}",
        _ => result.Reason ?? result.Message,
    };

    /// <summary>The status of its answer.</summary>
    public static int StatusOf(LoginStatus status) => status switch
    {
        LoginStatus.Granted => 200, LoginStatus.Rejected => 401, LoginStatus.Throttled => 429, LoginStatus.Unavailable => 503, _ => 400,
    };
}
