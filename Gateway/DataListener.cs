using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
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
