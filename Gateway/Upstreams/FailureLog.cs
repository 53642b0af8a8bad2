using System.Net.Sockets;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Tells operators of requests that failed on their way to an upstream or back; at debug level alone what the line that the upstream fails
/// has said already, for the same reason.
/// </summary>
internal sealed partial class FailureLog(FailingUpstreams failing, ILogger<FailureLog> logger)
{
    /// <summary>Headers of every answer, whatever was begun for this one.</summary>
    private static readonly string[] Kept = [DistributionErrorWriter.ApiVersionHeader, DistributionErrorWriter.RequestIdHeader,
        "OCI-Namespace"];

    /// <summary>Logs it; the error when the client can still be told.</summary>
    public DistributionError? Tell(RegistryRequest request, ForwarderError phase, in FailureCause cause, DistributionError error)
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
            LogClientFailed(phase, context.TraceIdentifier, cause.Text);
        }
        else
        {
            var level = LevelOf(request.Upstream, cause);
            LogFailed(level, request.Upstream.Name, phase, context.TraceIdentifier, cause.Text);
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
    public void Tell(Upstream upstream, in FailureCause cause)
    {
        var level = LevelOf(upstream, cause);
        LogFetchFailed(level, upstream.Name, cause.Text);
    }

    /// <summary>An answer came whose head was good, and may be of no use.</summary>
    /// <param name="upstream">Whose.</param>
    /// <param name="scope">The scope of the token that it was asked with.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="error">What the client is told; a <see cref="DistributionError.Oddity"/> in it says what is wrong. <c>null</c> when it
    /// came whole.</param>
    public void Tell(Upstream upstream, string scope, HttpResponseMessage answer, DistributionError? error)
    {
        if (error is null)
        {
            failing.Completed(upstream.Name, RefusedAnswer.CameFromAnother(upstream, answer));
        }
        else if (error.Oddity is { } odd)
        {
            Note(upstream, scope, answer, new ExchangeFault("content", odd));
        }
    }

    /// <summary>An answer whose head was good, and whose body did not come whole; a client that is slow says nothing of it.</summary>
    public void Tell(Upstream upstream, string scope, HttpResponseMessage answer, Exception fault)
    {
        if (fault.Causes().Any(cause => cause is HttpIOException or SocketException) && ExchangeFault.Find(fault) is { } known)
        {
            Note(upstream, scope, answer, known);
        }
    }

    private void Note(Upstream upstream, string scope, HttpResponseMessage answer, ExchangeFault fault)
    {
        if (RefusedAnswer.CameFromAnother(upstream, answer))
        {
            failing.StorageFailed(upstream.Name, HttpOrigin.Of(answer.RequestMessage!.RequestUri!).Serialized, fault, isOfBody: true);
        }
        else
        {
            failing.Failed(upstream.Name, upstream.Address, fault, scope, isOfBody: true);
        }
    }

    private LogLevel LevelOf(Upstream upstream, in FailureCause cause) =>
        cause.Fault is { } fault && failing.IsSaid(upstream.Name, fault) ? LogLevel.Debug : LogLevel.Warning;

    [LoggerMessage(Message = "Upstream {Upstream} failed in a request of the cache: {Cause}")]
    private partial void LogFetchFailed(LogLevel level, string upstream, string cause);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client disconnected: {Error}")]
    private partial void LogClientGone(ForwarderError error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client's connection failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogClientFailed(ForwarderError error, string requestId, string cause);

    [LoggerMessage(Message = "Upstream {Upstream} failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogFailed(LogLevel level, string upstream, ForwarderError error, string requestId, string cause);
}

/// <summary>What operators must know of a request that failed.</summary>
/// <param name="Text">As it is logged.</param>
/// <param name="Fault">The fault of the exchange; <c>null</c> when it is none, but an answer that was not taken.</param>
internal readonly record struct FailureCause(string Text, ExchangeFault? Fault)
{
    /// <summary>That of an exception.</summary>
    public static FailureCause Of(Exception? fault) =>
        new(UpstreamErrors.Describe(fault), fault is null ? null : ExchangeFault.Of(fault));

    /// <summary>That of an answer; <c>null</c> when the error for the client says all.</summary>
    /// <param name="text">As it is logged.</param>
    /// <param name="fault">What the line that the upstream's storage fails may have said already.</param>
    public static FailureCause? Of(string? text, ExchangeFault? fault = null) => text is null ? null : new(text, fault);
}
