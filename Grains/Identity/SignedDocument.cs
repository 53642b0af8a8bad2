using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace RegistryProxy.Grains.Identity;

/// <summary>
/// A JSON document inside a PKCS#7 message (RFC 5652) with exactly one signer and SHA-256. The document is read from the message that was
/// verified, never from beside it.
/// </summary>
internal sealed class SignedDocument
{
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";

    private readonly SignedCms _message;

    private SignedDocument(SignedCms message) =>
        (_message, Embedded, Signer) = (message, message.Certificates, message.SignerInfos[0].Certificate);

    /// <summary>Certificates that the message brings along: claims, not proofs.</summary>
    public X509Certificate2Collection Embedded { get; }

    /// <summary>The certificate that the signer names, if the message brings it along.</summary>
    public X509Certificate2? Signer { get; }

    /// <summary>Reads base64, with line breaks or without; <c>null</c> when it is not such a message.</summary>
    public static SignedDocument? TryRead(string base64)
    {
        try
        {
            var message = new SignedCms();
            message.Decode(Convert.FromBase64String(base64));
            return message.SignerInfos.Count == 1 && message.SignerInfos[0].DigestAlgorithm.Value == Sha256
                ? new SignedDocument(message) : null;
        }
        catch (Exception)
        {
            // Whatever a stranger's octets make the library throw: they are no message.
            return null;
        }
    }

    /// <summary>
    /// The document, when one of these certificates signed it. The message must bring no certificate of its own: it would be believed
    /// first.
    /// </summary>
    public JsonElement? OpenPinned(X509Certificate2Collection pinned)
    {
        if (Embedded.Count > 0)
        {
            return null;
        }

        return Open(() => _message.CheckSignature(pinned, verifySignatureOnly: true));
    }

    /// <summary>The document, when the certificate that <see cref="Signer"/> shows signed it.</summary>
    public JsonElement? OpenBySigner() => Open(() => _message.SignerInfos[0].CheckSignature(verifySignatureOnly: true));

    private JsonElement? Open(Action check)
    {
        try
        {
            check();
            using var document = JsonDocument.Parse(_message.ContentInfo.Content);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception)
        {
            // Not signed, or nothing that can be read: a stranger's octets either way.
            return null;
        }
    }
}

internal static class JsonElementExtensions
{
    /// <summary>The text of a member; empty when there is none.</summary>
    public static string TextOf(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            && member.ValueKind == JsonValueKind.String ? member.GetString()! : "";
}
