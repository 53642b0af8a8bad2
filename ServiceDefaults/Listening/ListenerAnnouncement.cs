using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Says on stdout where the listeners really are, once they are there.</summary>
public static class ListenerAnnouncement
{
    /// <summary><c>data listening on URL</c>, <c>admin listening on URL</c>, in the order in which they were bound.</summary>
    public static void AnnounceListeners(this WebApplication app, params ListenerKind[] kinds) =>
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            foreach (var (kind, address) in kinds.Zip(addresses))
            {
                Console.WriteLine($"{kind.ToString().ToLowerInvariant()} listening on {address}");
            }
        });
}
