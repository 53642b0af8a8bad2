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
    public static Task RefuseMalformed(HttpContext context, string reason)
    {
        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        return DistributionErrorWriter.Write(context, DistributionError.SizeInvalid(reason));
    }

    public async Task Handle(HttpContext context)
    {
        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        try
        {
            await Dispatch(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone();
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
            RequestRules.EndConnection(context);
            await DistributionErrorWriter.Write(context, DistributionError.Unsupported("the request could not be read", bad.StatusCode));
        }
        catch (ClusterUnavailableException fault) when (!context.Response.HasStarted)
        {
            LogUnavailable(fault, context.TraceIdentifier);
            context.Response.Clear();
            await WriteUnavailable(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            LogFault(fault, context.TraceIdentifier);
            context.Response.Clear();
            await DistributionErrorWriter.Write(context, DistributionError.Unavailable(500, "something went wrong here; the log has more", 5));
        }
    }

    /// <summary>The one answer to whatever the cluster was asked for and did not say, for clients and for browsers.</summary>
    private static Task WriteUnavailable(HttpContext context)
    {
        context.Response.Headers[DistributionErrorWriter.RequestIdHeader] = context.TraceIdentifier;
        return LoginEndpoints.WantsPage(context.Request.Method, PathOf(context))
            ? LoginPages.Problem(context, StatusCodes.Status503ServiceUnavailable, "The front door cannot ask its cluster now; try again in a minute.")
            : DistributionErrorWriter.Write(context, DistributionError.Unavailable(503, "the front door cannot ask its cluster now", 5));
    }

    private static ReadOnlySpan<char> PathOf(HttpContext context) =>
        new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).Path;

    private Task Dispatch(HttpContext context)
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
            : DistributionErrorWriter.Write(context, UnknownHost());
    }

    private async Task DispatchLater(HttpContext context)
    {
        if (await current.Arrives(context.RequestAborted))
        {
            await Dispatch(context);
            return;
        }

        await DistributionErrorWriter.Write(
            context, DistributionError.Unavailable(503, "the gateway has no configuration from its cluster yet", 2));
    }

    private async Task Count(HttpContext context, Tenant tenant, Task serving)
    {
        try
        {
            await serving;
        }
        finally
        {
            statistics.Answered(tenant.Name, context.Response.StatusCode);
        }
    }

    private static Task Probe(HttpContext context, bool healthy)
    {
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(healthy ? "ok\n" : "draining, or no configuration yet\n", context.RequestAborted);
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
