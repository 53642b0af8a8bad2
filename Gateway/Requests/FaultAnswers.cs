using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>
/// What a fault is to the client, and how a request ends whose client has left: while nothing of the answer has been sent.
/// </summary>
internal sealed partial class FaultAnswers(ILogger<FaultAnswers> logger)
{
    /// <summary>Takes back what was to be answered. The error instead; <c>null</c> when the client has left.</summary>
    public DistributionError? Answer(HttpContext context, Exception fault)
    {
        if (fault is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone();
            MarkGone(context);
            return null;
        }

        context.Response.Clear();
        switch (fault)
        {
            case BadHttpRequestException bad:
                return BodyFaults.Tell(context, bad);
            case ClusterUnavailableException:
                LogUnavailable(fault, context.TraceIdentifier);
                return DistributionError.Unavailable(503, "the cluster does not respond", 5);
            default:
                LogFault(fault, context.TraceIdentifier);
                return DistributionError.Unavailable(500, "internal error; the log has the details under this request ID", 5);
        }
    }

    /// <summary>The client has left: what it was not sent is no success in audit, statistics and metrics.</summary>
    public static void MarkGone(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client disconnected before it was answered")]
    private partial void LogClientGone();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster did not respond, request {RequestId}")]
    private partial void LogUnavailable(Exception fault, string requestId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed")]
    private partial void LogFault(Exception fault, string requestId);
}
