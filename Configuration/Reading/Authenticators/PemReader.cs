using System.Security.Cryptography;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading.Authenticators;

/// <summary>Files of certificates: they must be there and hold at least one.</summary>
internal static class PemReader
{
    /// <summary>A file of certificates, or none.</summary>
    public static string? OptionalFile(Field field, ReadingContext context) => field.IsPresent ? Required(field, context) : null;

    /// <summary>A file of certificates, or a folder of such files.</summary>
    public static string Required(Field field, ReadingContext context)
    {
        var path = context.Absolute(field.RequiredText());
        if (!field.IsPresent)
        {
            return path;
        }

        try
        {
            if (CertificateFiles.Load(path).Count == 0)
            {
                field.Fail($"there is no certificate in {path}; PEM files are read");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            field.Fail($"{path} cannot be read as certificates: {fault.Message}");
        }

        return path;
    }
}
