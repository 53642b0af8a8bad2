using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>The identity token of a Compute Engine instance, made for the front door as its audience.</summary>
internal sealed class GcpIdentity(IdentitySettings settings, MetadataService metadata) : IIdentity
{
    private const string Path = "/computeMetadata/v1/instance/service-accounts/default/identity";

    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
    {
        var answer = await metadata.Request(
            HttpMethod.Get, $"{Path}?audience={Uri.EscapeDataString(settings.Audience)}&format=full", cancellation,
            ("Metadata-Flavor", "Google"));
        return answer.Succeeded(out var token, out var failure)
            ? await registry.OpenSession(Proof.Exchange(settings.Authenticator, new Secret(token.Trim())), cancellation)
            : failure;
    }
}
