using System.Text.Json;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>Attested data of an Azure machine over a nonce of the front door, so that it counts once.</summary>
internal sealed class AzureIdentity(IdentitySettings settings, MetadataService metadata) : IIdentity
{
    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation)
    {
        if (!(await registry.Nonce(settings.Authenticator, cancellation)).Succeeded(out var nonce, out var failure)
            || !(await Attest(nonce, cancellation)).Succeeded(out var reply, out failure))
        {
            return failure;
        }

        return Signature(reply) is { } signature
            ? await registry.OpenSession(
                Proof.Exchange(settings.Authenticator, Proof.Document("signature", signature, nonce)), cancellation)
            : RegistryFailure.NoProof("the metadata service of Azure answered without a signed document");
    }

    private Task<Outcome<string>> Attest(string nonce, CancellationToken cancellation) => metadata.Request(
        HttpMethod.Get, $"/metadata/attested/document?api-version=2025-04-07&nonce={Uri.EscapeDataString(nonce)}", cancellation,
            ("Metadata", "true"));

    /// <summary>The signed document of a reply; <c>null</c> when it has none.</summary>
    private static string? Signature(string reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply);
            return json.RootElement.GetProperty("signature").GetString() ?? "";
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
