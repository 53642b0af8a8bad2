using System.Net;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>What a listener is for.</summary>
internal enum ListenerKind
{
    Images,
    Control,
    Mirror,
    Health,
}

/// <summary>Marks connections with the listener that they came by; addresses say nothing about sockets.</summary>
internal sealed record Listener(ListenerKind Kind)
{
    public static bool Is(HttpContext context, ListenerKind kind) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(typeof(Listener), out var mark) == true
            && mark is Listener listener
            && listener.Kind == kind;
}

internal static class ListenerExtensions
{
    /// <summary>Everything that comes by this listener is for one kind of request.</summary>
    public static ListenOptions For(this ListenOptions listener, ListenerKind kind, HttpProtocols protocols)
    {
        listener.Protocols = protocols;
        listener.Use(next => context =>
        {
            context.Items[typeof(Listener)] = new Listener(kind);
            return next(context);
        });
        return listener;
    }

    /// <summary>Listens on loopback; port 0 picks a free one.</summary>
    public static void Listen(this KestrelServerOptions kestrel, Uri address, ListenerKind kind) =>
        kestrel.Listen(AddressOf(address), address.Port, listener => listener.For(kind, HttpProtocols.Http1));

    /// <summary>What a loopback listener's host stands for.</summary>
    public static IPAddress AddressOf(Uri address) => IPAddress.TryParse(address.IdnHost, out var ip) ? ip : IPAddress.Loopback;
}
