using System.Security.Cryptography;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Values;

/// <summary>Files of certificates: they must be there and hold at least one, and a key must be that of its certificate.</summary>
internal static class PemReader
{
    /// <summary>A file of certificates, or none.</summary>
    public static string? OptionalFile(Field field, ReadingContext context) => field.IsPresent ? Required(field, context) : null;

    /// <summary>Certificates that sign others', of a file or of a managed part itself, or none.</summary>
    public static CertificateSource? Authorities(Field field, ReadingContext context)
    {
        if (context.Inline(field, "inline") is not { } text)
        {
            return OptionalFile(field, context) is { } path ? new CertificateSource(path, null) : null;
        }

        Try(context, field, "'inline' cannot be read as certificates: ",
            () => CertificateFiles.ProblemAt(context.Now, CertificateFiles.Parse(text)));
        return new CertificateSource(null, text);
    }

    /// <summary>A file of certificates, or a folder of such files.</summary>
    public static string Required(Field field, ReadingContext context)
    {
        var path = context.Absolute(field);
        if (field.IsPresent)
        {
            Try(context, field, $"{path} cannot be read as certificates: ",
                () => CertificateFiles.ProblemAt(context.Now, CertificateFiles.Load(path)));
        }

        return path;
    }

    /// <summary>A certificate and its key, when both are given.</summary>
    public static (string Certificate, string Key) Pair(Field certificate, Field key, ReadingContext context)
    {
        var pair = (Certificate: context.Absolute(certificate), Key: context.Absolute(key));
        if (certificate.IsPresent && key.IsPresent)
        {
            Try(context, certificate, "", () =>
            {
                using var loaded = CertificatePair.Load(pair.Certificate, pair.Key);
                CertificateFiles.Load(pair.Certificate);
                return CertificateFiles.ProblemAt(context.Now, loaded);
            });
        }

        return pair;
    }

    /// <summary>What cannot be read is an error; what has no life now may have one later, or is seen by clients.</summary>
    private static void Try(ReadingContext context, Field field, string prefix, Func<string?> load)
    {
        try
        {
            if (load() is { } problem)
            {
                field.Warn(problem);
            }
        }
        catch (Exception fault) when (fault is IOException or CryptographicException)
        {
            context.FailFile(field, $"{prefix}{fault.Message}");
        }
    }
}
