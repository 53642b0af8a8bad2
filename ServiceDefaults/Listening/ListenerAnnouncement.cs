using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Says on stdout where the listeners really are, once they are there.</summary>
public static class ListenerAnnouncement
{
    /// <summary><c>data listening on URL</c>, <c>admin listening on URL</c>, in the order in which they were bound.</summary>
    public static void AnnounceListeners(this WebApplication app, params ListenerKind[] kinds) =>
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var start = app.Services.GetRequiredService<HostStart>();
            foreach (var (kind, address) in kinds.Zip(Addresses(app.Services.GetRequiredService<IServer>())))
            {
                // Kestrel knows of no TLS but its own.
                var scheme = KestrelListeners.AddressOf(start, kind)!.Scheme;
                HostOutput.Say($"{kind.ToString().ToLowerInvariant()} listening on {scheme}{address[address.IndexOf(':')..]}");
            }
        });

    /// <summary>Where the peer listener of a gateway, its last one, really is; <c>null</c> before it is there.</summary>
    public static Uri? PeerAddress(this IServer server) =>
        Addresses(server).ElementAtOrDefault((int)ListenerKind.Peer) is { } address ? new Uri(address) : null;

    private static IEnumerable<string> Addresses(IServer server) =>
        server.Features.Get<IServerAddressesFeature>()!.Addresses.Where(
            address => !address.EndsWith(HandoverEndPoint.Instance.ToString(), StringComparison.Ordinal));
}
