using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.Grains.Identity.Nonces;

namespace RegistryProxy.Grains.Identity.Azure;

/// <summary>
/// Attested data of Azure's instance metadata service. The certificate whose chain and name are checked is the very one that the signer
/// names and whose key verifies the signature; no other certificate of the message counts for anything but completing its chain.
/// </summary>
internal sealed class AzureAttestedAuthenticator(AzureAttestedConfiguration configuration, NonceAuthority nonces, TimeProvider time)
    : ITokenAuthenticator, ITriable
{
    private const string Host = "metadata.azure.com";

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private static readonly string[] TimeFormats = ["MM/dd/yy HH:mm:ss zzz", "MM/dd/yyyy HH:mm:ss zzz"];

    private readonly X509Certificate2Collection _certificates = CertificateFiles.Load(configuration.Roots);

    public bool AsksNobody => true;

    public bool Allows(VerifiedIdentity identity) =>
        configuration.Subscriptions.Contains(identity.Claims.GetValueOrDefault("subscriptionId", ""), StringComparer.OrdinalIgnoreCase);

    /// <summary>Nobody is asked: what counts is in the files.</summary>
    public ValueTask<Trial> Try(CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var valid = _certificates.Count(one => now >= one.NotBefore.ToUniversalTime() && now < one.NotAfter.ToUniversalTime());
        return new(valid == 0 ? new Trial("roots", $"all of the {_certificates.Count} certificate(s) have expired or are not valid yet")
            : Trial.Good($"has {valid} valid certificate(s); nobody is asked"));
    }

    public async ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation)
    {
        if (CredentialEnvelope.OpenPair(presented.Text, "signature", "nonce") is not var (signature, nonce) || nonce.Length == 0)
        {
            return Verdict.Refused("the password must be base64url of {\"signature\": …, \"nonce\": …}");
        }

        if (SignedDocument.TryRead(signature) is not { Signer: { } signer } message || !IsMetadataService(signer)
            || !IsTrusted(signer, message.Embedded)
            || message.OpenBySigner() is not { } document)
        {
            return Verdict.Refused($"the document is not signed by a certificate of {Host} that leads to a configured root");
        }

        var (machine, subscription) = (document.TextOf("vmId"), document.TextOf("subscriptionId"));
        if (machine.Length == 0 || subscription.Length == 0)
        {
            return Verdict.Refused("the document names no machine and subscription");
        }

        if (document.TextOf("nonce") != nonce)
        {
            return Verdict.Refused("the document is for another nonce", configuration.Name, machine);
        }

        if (Staleness(document) is { } stale)
        {
            return Verdict.Refused(stale, configuration.Name, machine);
        }

        var claims = new Dictionary<string, string> { ["subscriptionId"] = subscription, ["vmId"] = machine };
        var identity = new VerifiedIdentity(configuration.Name, machine, [], claims, "");
        if (!Allows(identity))
        {
            return Verdict.Refused($"the subscription of this machine is not one of '{configuration.Name}'", configuration.Name, machine);
        }

        return await nonces.Redeem(nonce, presented.Tenant, configuration.Name)
            ? Verdict.Proved(identity)
            : Verdict.Refused("the nonce is not a fresh one of GET /token/nonce, or was used already", configuration.Name, machine);
    }

    /// <summary>Why a document does not count now; <c>null</c> when it does.</summary>
    private string? Staleness(JsonElement document)
    {
        var now = time.GetUtcNow();
        if (!document.TryGetProperty("timeStamp", out var stamp)
            || !TryReadTime(stamp.TextOf("createdOn"), out var created) || !TryReadTime(stamp.TextOf("expiresOn"), out var expires)
            || created >= expires)
        {
            return "the document does not say from when until when it counts";
        }

        return created <= now + Skew && expires > now - Skew ? null : new Validity(created, null, expires).Fault("document", now, Skew);
    }

    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text.Replace("-0000", "+00:00", StringComparison.Ordinal), TimeFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.None, out time);

    private static bool IsMetadataService(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames())
                .Any(name => name.Equals(Host, StringComparison.OrdinalIgnoreCase)
                    || name.EndsWith($".{Host}", StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception)
        {
            // A stranger's certificate, and names in it that are none.
            return false;
        }
    }

    private bool IsTrusted(X509Certificate2 signer, X509Certificate2Collection embedded)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        foreach (var certificate in _certificates)
        {
            var isRoot = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
            (isRoot ? chain.ChainPolicy.CustomTrustStore : chain.ChainPolicy.ExtraStore).Add(certificate);
        }

        chain.ChainPolicy.ExtraStore.AddRange(embedded);
        try
        {
            return chain.Build(signer);
        }
        catch (Exception)
        {
            // Of a stranger's certificate the library may make what it likes.
            return false;
        }
    }
}
