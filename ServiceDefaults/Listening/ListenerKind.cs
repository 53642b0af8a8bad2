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

/// <summary>The feature that a connection carries.</summary>
public sealed record ListenerFeature(ListenerKind Kind)
{
    /// <summary>Whether a request came through a listener of this kind.</summary>
    public static bool Is(HttpContext context, ListenerKind kind) => context.Features.Get<ListenerFeature>()?.Kind == kind;
}
