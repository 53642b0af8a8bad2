using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Administration;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway;

/// <summary>
/// Everything that arrives on the data listener, by its raw target: probes, then the endpoints of the host's tenant. What goes wrong on the
/// way is answered here.
/// </summary>
internal sealed partial class DataListener(
    CurrentMap current, TenantEndpoints endpoints, FaultAnswers faults, TenantLimits limits, AnsweredRequests answered,
    IHostApplicationLifetime lifetime, ILogger<DataListener> logger)
{
    /// <summary>Answers a request that no listener takes. It counts for the tenant of its host, as far as that can be told.</summary>
    public async Task RefuseMalformed(HttpContext context, string reason)
    {
        var error = DistributionError.SizeInvalid(reason);
        if (current.Value?.TenantOf(RequestHost.NameIn(context.Request)) is { } tenant)
        {
            error = await limits.AdmitStranger(tenant, context) ?? error;
            answered.Count(tenant.Name, ServedOperation.Of(context.Request.Method, PathOf(context)), error.Status, answered.Begin());
            answered.Audit(context, tenant.Name, PathOf(context), error);
        }

        await Finish(context, error);
    }

    public async Task Handle(HttpContext context)
    {
        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        try
        {
            await Finish(context, await Answer(context));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone();
        }
    }

    /// <summary>The one place where errors are written: as JSON, and as a page for a browser that opens one of a login.</summary>
    private Task Finish(HttpContext context, DistributionError? error) =>
        error is null ? Task.CompletedTask
        : WantsPage(context, error)
            ? LoginPages.Problem(context, error, PathOf(context) is "/" || IsForAdministratorsAlone(context) ? "/" : LoginEndpoints.Path)
        : DistributionErrorWriter.Write(context, error);

    /// <summary>Whether nobody else logs in by browser: they begin at the page.</summary>
    private bool IsForAdministratorsAlone(HttpContext context) => current.Value?.TenantOf(RequestHost.NameIn(context.Request))
        is { HasPage: true, InteractiveLogins.Count: 0, AdministratorLogins.Count: > 0 };

    private bool WantsPage(HttpContext context, DistributionError error) => PathOf(context) switch
    {
        "/" => error.RetryAfterSeconds is not null
            && current.Value?.TenantOf(RequestHost.NameIn(context.Request)) is { HasPage: true },
        var path => LoginEndpoints.Has(path),
    } && PageRequest.IsBy(context.Request);

    private async Task<DistributionError?> Answer(HttpContext context)
    {
        try
        {
            return await Dispatch(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            return faults.Answer(context, fault);
        }
    }

    private static ReadOnlySpan<char> PathOf(HttpContext context) =>
        new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).Path;

    private Task<DistributionError?> Dispatch(HttpContext context)
    {
        var path = PathOf(context);
        var map = current.Value;
        if (path is "/livez")
        {
            return Probe(context, true);
        }

        if (path is "/readyz")
        {
            return Probe(context, map is not null && !lifetime.ApplicationStopping.IsCancellationRequested);
        }

        if (map is null)
        {
            return DispatchLater(context);
        }

        return map.TenantOf(RequestHost.NameIn(context.Request)) is not { } tenant ? Task.FromResult<DistributionError?>(UnknownHost())
            : tenant.IsUnusable && !(tenant.HasAdministrators
                && (TenantEndpoints.IsOfAdministrators(path) || LoginEndpoints.IsOfAdministrators(tenant, path)))
                ? Count(context, tenant.Name, ServedOperation.Of(context.Request.Method, path), answered.Begin(),
                    Task.FromResult<DistributionError?>(Tenant.Unusable))
            : TokenService.Of(tenant, context.Request) is { } tokenService
                ? Serve(context, path, tokenService, map)
            : Task.FromResult<DistributionError?>(UnknownHost());
    }

    private Task<DistributionError?> Serve(HttpContext context, ReadOnlySpan<char> path, TokenService tokenService, FrontDoorMap map)
    {
        var operation = ServedOperation.Of(context.Request.Method, path);
        RequestSpan.Name(context, tokenService.Tenant.Name, operation);
        return Count(context, tokenService.Tenant.Name, operation, answered.Begin(), endpoints.Handle(context, path, tokenService, map));
    }

    private async Task<DistributionError?> DispatchLater(HttpContext context) => await current.Arrives(context.RequestAborted)
        ? await Dispatch(context)
        : DistributionError.Unavailable(503, "the gateway has not received its configuration from the cluster yet", 2);

    private async Task<DistributionError?> Count(
        HttpContext context, string tenant, ServedOperation operation, long began, Task<DistributionError?> serving)
    {
        DistributionError? error = null;
        var isWhole = false;
        try
        {
            error = await serving;
            isWhole = true;
            return error;
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            return error = faults.Answer(context, fault);
        }
        finally
        {
            answered.Count(tenant, operation, error?.Status ?? context.Response.StatusCode, began);
            answered.Audit(context, tenant, PathOf(context), error);
            answered.Moved(tenant, context, error is null && isWhole);
        }
    }

    private static async Task<DistributionError?> Probe(HttpContext context, bool healthy)
    {
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsync(healthy ? "ok\n" : "draining, or no configuration yet\n", context.RequestAborted);
        return null;
    }

    private static DistributionError UnknownHost() => DistributionError.Unsupported(
        "no tenant answers on this host: add it to tenants.<name>.hosts, and set publicUrl unless clients come by localhost",
        StatusCodes.Status421MisdirectedRequest);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client disconnected")]
    private partial void LogClientGone();
}

/// <summary>
/// What is served on the hosts of a tenant: the distribution API, tokens, logins, the key set, the administration of
/// the tenant and the page for people.
/// Whatever else is asked for is not there.
/// </summary>
internal sealed class TenantEndpoints(
    DistributionEndpoints distribution, TokenEndpoint tokens, NonceEndpoint nonces, LoginEndpoints logins,
    AdministrationEndpoint administration, PageEndpoints pages, TenantLimits limits)
{
    /// <summary>
    /// Answers, or returns the error for the client. Everything counts against the tenant's limits, once it is known for whom.
    /// </summary>
    public Task<DistributionError?> Handle(HttpContext context, ReadOnlySpan<char> path, TokenService tokenService, FrontDoorMap map)
    {
        var isDistribution = path.StartsWith("/v2/");
        if (isDistribution)
        {
            context.Response.Headers[DistributionErrorWriter.ApiVersionHeader] = "registry/2.0";
            PushedContent.Confine(context.Response.Headers);
        }

        var isPreflight = tokenService.Tenant.Cors.Count > 0 && (isDistribution || path is "/token")
            && CrossOrigin.Allow(context, tokenService.Tenant.Cors);
        return !isDistribution && LoginEndpoints.IsForAdministration(context, tokenService, path)
                ? LogInToAdminister(context, path.ToString(), tokenService)
            : (isDistribution || !IsOfAdministrators(path)) && limits.Spent(tokenService.Tenant) is { } spent
                ? Task.FromResult<DistributionError?>(spent)
            : RequestBounds.Refuse(context.Request) is { } refused
                ? Refuse(context, tokenService, refused)
            : isPreflight ? Preflight(context, tokenService)
            : isDistribution ? distribution.Handle(context, tokenService, map)
            : path is "/token" ? tokens.Handle(context, tokenService)
            : path.StartsWith(AdministrationEndpoint.Path) && tokenService.Tenant.HasAdministrators
                ? administration.Handle(context, tokenService, map)
            : tokenService.Tenant.HasPage && PageEndpoints.Has(context, path) ? pages.Handle(context, path, tokenService, map)
            : Serve(context, path.ToString(), tokenService, map);
    }

    /// <summary>Where somebody may come who stops what floods the tenant: there it is looked who that is.</summary>
    internal static bool IsOfAdministrators(ReadOnlySpan<char> path) =>
        path is "/token" || path.StartsWith(AdministrationEndpoint.Path) || PageEndpoints.IsOfAdministrators(path);

    /// <summary>A preflight is a stranger's: browsers send it without credentials.</summary>
    private Task<DistributionError?> Preflight(HttpContext context, TokenService tokenService)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return limits.AdmitChallenged(tokenService.Tenant, context).AsTask();
    }

    /// <summary>As distribution has it: the API is at <c>/v2/</c>.</summary>
    private static Task<DistributionError?> ToBase(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        context.Response.Headers.Location = "/v2/";
        return Task.FromResult<DistributionError?>(null);
    }

    private async Task<DistributionError?> Refuse(HttpContext context, TokenService tokenService, DistributionError error) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? error;

    /// <summary>
    /// Who logs in to stop what floods the tenant does not wait for it, be it within what all have or what strangers have of it.
    /// </summary>
    private async Task<DistributionError?> LogInToAdminister(HttpContext context, string path, TokenService tokenService) =>
        RequestBounds.Refuse(context.Request) is { } refused ? await Refuse(context, tokenService, refused)
        : (limits.Spent(tokenService.Tenant) ?? await limits.AdmitStranger(tokenService.Tenant, context)) is { } tooMany
            && !limits.MayLogInToAdminister(tokenService.Tenant)
            ? tooMany
        : await logins.Handle(context, tokenService, path);

    private async Task<DistributionError?> Serve(HttpContext context, string path, TokenService tokenService, FrontDoorMap map) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? await Answer(context, path, tokenService, map);

    private Task<DistributionError?> Answer(HttpContext context, string path, TokenService tokenService, FrontDoorMap map)
    {
        if (LoginEndpoints.Has(path))
        {
            return logins.Handle(context, tokenService, path);
        }

        return path switch
        {
            "/v2" when HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) => ToBase(context),
            "/token/nonce" when HttpMethods.IsGet(context.Request.Method) => nonces.Handle(context, tokenService),
            "/.well-known/jwks.json" when HttpMethods.IsGet(context.Request.Method) => KeySetEndpoint.Handle(context, map),
            _ => Task.FromResult<DistributionError?>(DistributionError.NotFound("not found; the registry API is at /v2/")),
        };
    }
}

/// <summary>Counts what tenants were answered, for operators and for <c>/metrics</c>.</summary>
internal sealed class AnsweredRequests(RequestStatistics statistics, TenantMeter meter, AuditTrail audit)
{
    /// <summary>A request begins; what to end it with.</summary>
    public long Begin() => meter.Begin();

    /// <summary>A request was answered.</summary>
    public void Count(string tenant, ServedOperation operation, int status, long began)
    {
        statistics.Answered(tenant, status);
        meter.Answered(tenant, operation, status, began);
    }

    /// <summary>An answer may be a refusal that the audit log does not have yet.</summary>
    public void Audit(HttpContext context, string tenant, ReadOnlySpan<char> path, DistributionError? error) =>
        audit.Answered(context, tenant, path, error);

    /// <summary>Bodies went by; of an answer that was cut off those that were sent.</summary>
    public void Moved(string tenant, HttpContext context, bool isWhole)
    {
        var (received, sent) = (Received(context), Sent(context, isWhole));
        meter.Moved(tenant, received, sent);
        statistics.Moved(tenant, received, sent);
    }

    /// <summary>Bytes of the body that came to be pushed.</summary>
    private static long Received(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? 0
            : context.Features.Get<MovingBody>()?.Received ?? 0;

    /// <summary>Bytes of the body of an answer: as long as it says when it ended as it should.</summary>
    private static long Sent(HttpContext context, bool isWhole)
    {
        var body = context.Features.Get<SentBody>();
        return HttpMethods.IsHead(context.Request.Method)
            || context.Response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified ? 0
            : isWhole && body is not { IsCut: true } && !context.RequestAborted.IsCancellationRequested
                && context.Response.ContentLength is { } length ? length
            : body?.Bytes ?? 0;
    }
}
