using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.Grains.Identity.Nonces;

namespace RegistryProxy.Grains.Identity.Aws;

/// <summary>
/// EC2 instance identity documents. Such a document names no audience and no time, and any process of the instance can read it; so each
/// instance is bound to the nonce that came with its first one.
/// </summary>
internal sealed class AwsIidAuthenticator(AwsIidConfiguration configuration, IGrainFactory grains, TimeProvider time)
    : ITokenAuthenticator, ITriable
{
    private const int MinKeyBits = 2048;
    private const int MaxNonce = 64;

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private static readonly string[] ClaimNames = ["accountId", "region", "availabilityZone", "instanceId", "instanceType", "imageId"];

    private readonly X509Certificate2Collection _certificates =
        new(CertificateFiles.Load(configuration.Certificates)
            .Where(certificate => certificate.GetRSAPublicKey()?.KeySize >= MinKeyBits).ToArray());

    public bool AsksNobody => true;

    public bool Allows(VerifiedIdentity identity) =>
        configuration.Accounts.Contains(identity.Claims.GetValueOrDefault("accountId", ""))
        && (configuration.Regions.Count == 0 || configuration.Regions.Contains(identity.Claims.GetValueOrDefault("region", "")));

    /// <summary>Nobody is asked: what counts is in the files.</summary>
    public ValueTask<Trial> Try(CancellationToken cancellation) => new(_certificates.Count == 0
        ? new Trial("certificates", $"none of them has an RSA key of {MinKeyBits} bits or more")
        : Trial.Good($"has {_certificates.Count} certificate(s) of AWS; nobody is asked"));

    public async ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation)
    {
        if (CredentialEnvelope.OpenPair(presented.Text, "rsa2048", "nonce") is not var (rsa2048, nonce) || nonce.Length is 0 or > MaxNonce)
        {
            return Verdict.Refused("the password must be base64url of {\"rsa2048\": …, \"nonce\": …}");
        }

        if (SignedDocument.TryRead(rsa2048)?.OpenPinned(_certificates) is not { } document)
        {
            return Verdict.Refused("the document is not signed by any of the configured AWS certificates");
        }

        var claims = ClaimNames.Where(name => document.TextOf(name).Length > 0).ToDictionary(name => name, name => document.TextOf(name));
        var instance = claims.GetValueOrDefault("instanceId", "");
        if (instance.Length == 0 || !TryReadTime(document, out var pendingTime))
        {
            return Verdict.Refused("the document lacks instanceId or pendingTime");
        }

        var identity = new VerifiedIdentity(configuration.Name, instance, [], claims, "");
        if (!Allows(identity))
        {
            return Verdict.Refused($"the account or region of this instance is not one of '{configuration.Name}'",
                configuration.Name, instance);
        }

        var now = time.GetUtcNow();
        if (now - pendingTime > configuration.MaxAge)
        {
            return Refused(
                $"the document is older than maxAge: its pendingTime is {pendingTime:u}, now it is {now:u}; stop and start the " +
                $"instance to get a new one", identity);
        }

        return pendingTime > now + Skew
            ? Refused(new Validity(pendingTime, null, pendingTime + configuration.MaxAge).Fault("document", now, Skew), identity)
            : Classify(await grains.GetGrain<IAttestationGrain>($"{presented.Tenant}/{configuration.Name}/{instance}")
                .Present(nonce, pendingTime), identity);
    }

    private static Verdict Refused(string message, VerifiedIdentity identity) =>
        Verdict.Refused(message, identity.Authenticator, identity.Subject);

    private static Verdict Classify(AttestationOutcome outcome, VerifiedIdentity identity) => outcome switch
    {
        AttestationOutcome.Accepted => Verdict.Proved(identity),
        AttestationOutcome.NeedsNonce => Refused("the first document of an instance needs a fresh nonce of GET /token/nonce", identity),
        AttestationOutcome.Outdated => Refused("a later document of this instance was seen already", identity),
        _ => Refused("this instance is bound to another nonce; an operator can free it by POST /admin/attestations/reset", identity),
    };

    private static bool TryReadTime(JsonElement document, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        document.TextOf("pendingTime"), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
