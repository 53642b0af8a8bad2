using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Files;

/// <summary>A certificate and its key in two PEM files.</summary>
public static class CertificatePair
{
    /// <summary>Reads them.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">They are no pair; the message says which file is wrong and why.</exception>
    public static X509Certificate2 Load(string certificate, string key) =>
        Load(certificate, BoundedFile.ReadText(certificate), key, BoundedFile.ReadText(key));

    /// <summary>
    /// Reads them for a handshake: the leaf, and the intermediates that follow it in its file (RFC 8446 §4.4.2). Nothing is downloaded.
    /// </summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">They are no pair, or an intermediate is damaged.</exception>
    public static SslStreamCertificateContext LoadChain(string certificate, string key)
    {
        var text = BoundedFile.ReadText(certificate);
        var own = Load(certificate, text, key, BoundedFile.ReadText(key));
        try
        {
            return Create(own, text);
        }
        catch (Exception fault)
        {
            throw new CryptographicException($"{certificate} holds a certificate that is damaged: {fault.Message}", fault);
        }
    }

    /// <summary>The same from PEM texts that were read and tried before.</summary>
    /// <exception cref="CryptographicException">They are no pair.</exception>
    public static SslStreamCertificateContext ChainOf(string certificate, string key) =>
        Create(X509Certificate2.CreateFromPem(certificate, key), certificate);

    private static SslStreamCertificateContext Create(X509Certificate2 own, string text)
    {
        X509Certificate2Collection chain = [];
        chain.ImportFromPem(text);
        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private static X509Certificate2 Load(string certificate, string certificateText, string key, string keyText)
    {
        if (!Holds(certificateText, "CERTIFICATE"))
        {
            throw new CryptographicException(HoldsKey(certificateText)
                ? $"{certificate} holds a key and no certificate: are certificate and key swapped?"
                : $"{certificate} holds no certificate in PEM");
        }

        if (IsEncrypted(keyText))
        {
            throw new CryptographicException(
                $"the key in {key} is encrypted; write it without a passphrase (openssl pkey -in OLD -out NEW)");
        }

        if (!HoldsKey(keyText))
        {
            throw new CryptographicException(Holds(keyText, "CERTIFICATE")
                ? $"{key} holds a certificate and no key: are certificate and key swapped?"
                : $"{key} holds no private key in PEM");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificateText, keyText);
        }
        catch (Exception fault)
        {
            // A key that is not that of the certificate, an unknown curve, bytes that are none: each has an exception of its own.
            throw new CryptographicException(
                $"the certificate in {certificate} and the key in {key} are no pair, or one is damaged: {fault.Message}", fault);
        }
    }

    private static bool IsEncrypted(string text) =>
        Holds(text, "ENCRYPTED PRIVATE KEY") || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal);

    private static bool HoldsKey(string text) => text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    private static bool Holds(string text, string label) => text.Contains($"-----BEGIN {label}-----", StringComparison.Ordinal);
}
