using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway;

/// <summary>
/// Everything that arrives on the data listener, by its raw target: probes, then the endpoints of the host's tenant. What goes wrong on the way
/// is answered here.
/// </summary>
internal sealed partial class DataListener(
    CurrentMap current, TenantEndpoints endpoints, RequestStatistics statistics, IHostApplicationLifetime lifetime, ILogger<DataListener> logger)
{
    /// <summary>Answers a request that no listener takes.</summary>
    public static Task RefuseMalformed(HttpContext context, string reason) => Finish(context, DistributionError.SizeInvalid(reason));

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

    /// <summary>The one place where errors are written.</summary>
    private static Task Finish(HttpContext context, DistributionError? error) =>
        error is null ? Task.CompletedTask : DistributionErrorWriter.Write(context, error);

    private async Task<DistributionError?> Answer(HttpContext context)
    {
        try
        {
            return await Dispatch(context);
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            RequestRules.EndConnection(context);
            return DistributionError.Unsupported("the request could not be read", bad.StatusCode);
        }
        catch (ClusterUnavailableException fault) when (!context.Response.HasStarted)
        {
            LogUnavailable(fault, context.TraceIdentifier);
            context.Response.Clear();
            return await Unavailable(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted && !(fault is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            LogFault(fault, context.TraceIdentifier);
            context.Response.Clear();
            return DistributionError.Unavailable(500, "something went wrong here; the log has more", 5);
        }
    }

    /// <summary>What is said to whatever the cluster was asked for and did not say, for clients and for browsers.</summary>
    private static async ValueTask<DistributionError?> Unavailable(HttpContext context)
    {
        if (!LoginEndpoints.WantsPage(context.Request.Method, PathOf(context)))
        {
            return DistributionError.Unavailable(503, "the front door cannot ask its cluster now", 5);
        }

        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        await LoginPages.Problem(context, StatusCodes.Status503ServiceUnavailable, "The front door cannot ask its cluster now; try again in a minute.");
        return null;
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

        return map.TenantOf(context.Request.Host.Host) is { } tenant && Site.Of(tenant, context.Request) is { } site
            ? Count(context, tenant, endpoints.Handle(context, path, site, map))
            : Task.FromResult<DistributionError?>(UnknownHost());
    }

    private async Task<DistributionError?> DispatchLater(HttpContext context) => await current.Arrives(context.RequestAborted)
        ? await Dispatch(context)
        : DistributionError.Unavailable(503, "the gateway has no configuration from its cluster yet", 2);

    private async Task<DistributionError?> Count(HttpContext context, Tenant tenant, Task<DistributionError?> serving)
    {
        DistributionError? error = null;
        try
        {
            return error = await serving;
        }
        finally
        {
            statistics.Answered(tenant.Name, error?.Status ?? context.Response.StatusCode);
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

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client went away")]
    private partial void LogClientGone();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster did not answer, request {RequestId}")]
    private partial void LogUnavailable(Exception fault, string requestId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed")]
    private partial void LogFault(Exception fault, string requestId);
}
