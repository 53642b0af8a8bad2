using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;

namespace RegistryProxy.Gateway.PeerServing;

/// <summary>
/// What other gateways of the cluster may read here: a blob, each with a ticket for it. Whoever got this far has a certificate of the
/// cluster's authority. 1. The path; 2. the ticket; 3. the blob, if its repository is known here to hold it.
/// </summary>
internal sealed partial class PeerListener(
    CurrentMap current, LocalPeer local, PeerBlobs blobs, PeerMeter meter, TimeProvider time, ILogger<PeerListener> logger)
{
    private const string Scheme = "Bearer ";

    /// <summary>Answers a request that no listener takes.</summary>
    public static Task RefuseMalformed(HttpContext context, string reason)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return Task.CompletedTask;
    }

    public async Task Handle(HttpContext context)
    {
        // 1. The path.
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!HttpMethods.IsGet(context.Request.Method) || !PeerPath.TryParse(target, out var digest))
        {
            Refuse(context, StatusCodes.Status404NotFound);
            return;
        }

        // 2. The ticket.
        var (ticket, status) = Check(context, digest);
        if (ticket is null)
        {
            Refuse(context, status);
            return;
        }

        // 3. The blob.
        if (!await blobs.Serve(context, digest, ticket))
        {
            Refuse(context, StatusCodes.Status404NotFound);
        }
    }

    private (PeerTicket? Ticket, int Status) Check(HttpContext context, Digest digest)
    {
        var header = context.Request.Headers.Authorization;
        if (current.Value is not { } map)
        {
            return (null, StatusCodes.Status503ServiceUnavailable);
        }

        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Scheme, StringComparison.Ordinal)
            || PeerTicket.Read(value[Scheme.Length..], map) is not { } ticket || ticket.Expires <= time.GetUtcNow())
        {
            return (null, StatusCodes.Status401Unauthorized);
        }

        return context.Connection.ClientCertificate is { } certificate
            && ticket.Opens(digest, local, MemberCertificates.ThumbprintOf(certificate))
            ? (ticket, 0)
            : (null, StatusCodes.Status403Forbidden);
    }

    private void Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        meter.Refused(status);
        LogRefused(context.Connection.RemoteIpAddress, status);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A request from {Address} on the peer listener was answered with {Status}")]
    private partial void LogRefused(System.Net.IPAddress? address, int status);
}
