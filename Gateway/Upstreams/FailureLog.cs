using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Tells operators of requests that failed on their way to an upstream or back; of those to an upstream that is logged as failing only at
/// debug level, since that line says it for all of them.
/// </summary>
internal sealed partial class FailureLog(FailingUpstreams failing, ILogger<FailureLog> logger)
{
    /// <summary>Headers of every answer, whatever was begun for this one.</summary>
    private static readonly string[] Kept = [DistributionErrorWriter.ApiVersionHeader, DistributionErrorWriter.RequestIdHeader,
        "OCI-Namespace"];

    /// <summary>Logs it; the error when the client can still be told.</summary>
    public DistributionError? Tell(RegistryRequest request, ForwarderError phase, string cause, DistributionError error)
    {
        var context = request.Context;
        if (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(phase);
            FaultAnswers.MarkGone(context);
            return null;
        }

        if (error.Status < StatusCodes.Status500InternalServerError)
        {
            LogClientFailed(phase, context.TraceIdentifier, cause);
        }
        else
        {
            var level = LevelOf(request.Upstream);
            LogFailed(level, request.Upstream.Name, phase, context.TraceIdentifier, cause);
        }

        if (context.Response.HasStarted)
        {
            return null;
        }

        var headers = context.Response.Headers;
        var kept = Kept.Select(name => (name, headers[name])).ToList();
        context.Response.Clear();
        kept.ForEach(header => headers[header.name] = header.Item2);
        if (error.Status == StatusCodes.Status408RequestTimeout)
        {
            RequestRules.EndConnection(context);
        }

        return error;
    }

    /// <summary>Logs what came of a request of the cache's own.</summary>
    public void Tell(Upstream upstream, string cause)
    {
        var level = LevelOf(upstream);
        LogFetchFailed(level, upstream.Name, cause);
    }

    private LogLevel LevelOf(Upstream upstream) => failing.IsFailing(upstream.Name) ? LogLevel.Debug : LogLevel.Warning;

    [LoggerMessage(Message = "Upstream {Upstream} failed in a request of the cache: {Cause}")]
    private partial void LogFetchFailed(LogLevel level, string upstream, string cause);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client disconnected: {Error}")]
    private partial void LogClientGone(ForwarderError error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client's connection failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogClientFailed(ForwarderError error, string requestId, string cause);

    [LoggerMessage(Message = "Upstream {Upstream} failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogFailed(LogLevel level, string upstream, ForwarderError error, string requestId, string cause);
}
