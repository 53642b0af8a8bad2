using System.Text.Json;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>Attested data of an Azure machine over a nonce of the front door, so that it counts once.</summary>
internal sealed class AzureIdentity(IdentitySettings settings, MetadataService metadata) : IIdentity
{
    public async Task<DoorCredential> LogIn(DoorClient door, CancellationToken cancellation)
    {
        var nonce = await door.Nonce(settings.Authenticator, cancellation);
        var reply = await metadata.Ask(
            HttpMethod.Get, $"/metadata/attested/document?api-version=2025-04-07&nonce={Uri.EscapeDataString(nonce)}", cancellation, ("Metadata", "true"));
        return await door.OpenSession(Proof.Exchange(settings.Authenticator, Proof.Document("signature", Signature(reply), nonce)), cancellation);
    }

    private static string Signature(string reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply);
            return json.RootElement.GetProperty("signature").GetString() ?? "";
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DoorException(DoorFailure.NoProof, "the metadata service of Azure answered without a signed document");
        }
    }
}
