using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>What holds for the requests of every listener, before anything else looks at them.</summary>
public static class RequestRules
{
    /// <summary>By which the log, the audit log and traces name a request.</summary>
    public const string RequestIdHeader = "X-Request-Id";

    /// <summary>
    /// Refuses requests whose end, target or host is ambiguous or none, and ends their connections; gives all others an origin-form target.
    /// To be the first of each listener: a connection without a request that came by here is closed soon (<see cref="Openings"/>).
    /// </summary>
    /// <param name="refuse">Writes a 400 in the form of the listener, with the reason.</param>
    public static void UseRequestRules(this IApplicationBuilder app, Func<HttpContext, string, Task> refuse) => app.Use(next => context =>
    {
        context.Response.Headers[RequestIdHeader] = context.TraceIdentifier;
        if (context.Features.Get<ListenerFeature>() is { } listener)
        {
            listener.Opening.End();
            if (!listener.Connection.TryBegin())
            {
                context.Abort();
                return Task.CompletedTask;
            }

            context.Response.OnCompleted(End, listener.Connection);
        }

        if ((RequestFraming.Fault(context.Request) ?? RequestTarget.Resolve(context) ?? RequestHost.Fault(context.Request)
            ?? SchemeFault(context.Request)) is { } fault)
        {
            EndConnection(context);
            return refuse(context, fault);
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Request.Body = new ClientBody(context.Request.Body);
        }

        return next(context);
    });

    /// <summary>In HTTP/2 it is the client's word, whatever the connection is.</summary>
    private static string? SchemeFault(HttpRequest request) =>
        request.Scheme is "http" or "https" ? null : "the scheme is neither http nor https";

    private static Task End(object connection)
    {
        ((OpenConnection)connection).End();
        return Task.CompletedTask;
    }

    /// <summary>Has the connection of HTTP/1 closed with the answer: what follows on it could be taken for something else.</summary>
    public static void EndConnection(HttpContext context)
    {
        if (context.Request.Protocol is "HTTP/1.1" or "HTTP/1.0")
        {
            context.Response.Headers.Connection = "close";
        }
    }
}
