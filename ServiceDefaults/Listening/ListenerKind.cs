using System.Net;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// Which socket a request came through. Told by the socket itself, never by the Host header. Hosts bind them in this order.
/// </summary>
public enum ListenerKind
{
    Data,
    Admin,

    /// <summary>For the other gateways of the cluster; only where <c>listen.peer</c> is set.</summary>
    Peer,
}

/// <summary>What a connection carries.</summary>
public sealed class ListenerFeature(ListenerKind kind, Opening opening, OpenConnection connection)
{
    public ListenerKind Kind => kind;

    /// <summary>Its time until the first request.</summary>
    public Opening Opening => opening;

    /// <summary>What is running on it.</summary>
    public OpenConnection Connection => connection;

    /// <summary>
    /// Whether a load balancer opened it and said that it does not know for whom, so that nobody else's word counts for the address.
    /// </summary>
    public bool IsForNobodyKnown { get; internal set; }

    /// <summary>Whether a trusted proxy opened it, which began it with a PROXY header.</summary>
    public bool IsFromProxy { get; internal set; }

    /// <summary>A load balancer said for whom it opened the connection.</summary>
    internal void BelongsTo(IPAddress client)
    {
        opening.BelongsTo(client);
        connection.BelongsTo(client);
    }

    /// <summary>Whether a request came through a listener of this kind.</summary>
    public static bool Is(HttpContext context, ListenerKind kind) => context.Features.Get<ListenerFeature>()?.Kind == kind;

    /// <summary>Whether the connection of a request is one of TLS, whatever scheme the request names.</summary>
    public static bool IsEncrypted(HttpContext context) => context.Features.Get<ITlsHandshakeFeature>() is not null;
}
