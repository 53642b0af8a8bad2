using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Egress;

/// <summary>A server's certificate is not trusted; the message says why, and whose it says it is.</summary>
/// <param name="reason">Why.</param>
/// <param name="subject">Whose.</param>
public sealed class UntrustedCertificateException(string reason, string subject)
    : AuthenticationException($"untrusted certificate: {reason} (subject '{subject}')")
{
    /// <summary>The longest subject that is shown, in characters.</summary>
    private const int MaxSubject = 120;

    /// <summary>What was found wrong; visible ASCII alone, since the server wrote the subject.</summary>
    internal static UntrustedCertificateException Of(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var subject = new string(
            [.. (certificate?.Subject ?? "").Take(MaxSubject).Select(character => character is >= ' ' and <= '~' ? character : '?')]);
        return new UntrustedCertificateException(Reason(certificate, chain, errors), subject);
    }

    private static string Reason(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status)
            ?? X509ChainStatusFlags.NoError;
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "it has none"
            : status.HasFlag(X509ChainStatusFlags.NotTimeValid) ? "it has expired or is not yet valid"
            : status.HasFlag(X509ChainStatusFlags.Revoked) ? "it was revoked"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it is for another host"
            : certificate is { Subject: var subject } && subject == certificate.Issuer
                ? "its authority is not known here: it is self-signed"
            : status.HasFlag(X509ChainStatusFlags.PartialChain)
                ? "its authority is not known here, or the server leaves an intermediate certificate out"
            : "its authority is not known here";
    }
}
