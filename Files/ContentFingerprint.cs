using System.Security.Cryptography;

namespace RegistryProxy.Files;

/// <summary>
/// Tells whether small files changed, by what is in them: in a mounted Secret a file is a link, whose own time stays as it is when what it
/// leads to is replaced.
/// </summary>
public static class ContentFingerprint
{
    /// <summary>
    /// A hash over files, and the certificates of folders, in their order; one that cannot be read counts as an empty one. Empty when none
    /// can.
    /// </summary>
    /// <param name="paths">The files and folders.</param>
    /// <param name="maxBytes">The most that one file may have.</param>
    public static string Of(IReadOnlyList<string> paths, int maxBytes = BoundedFile.MaxBytes) => Of(paths, maxBytes, out _);

    /// <param name="paths">The files and folders.</param>
    /// <param name="maxBytes">The most that one file may have.</param>
    /// <param name="isWhole">Whether all that are there could be read.</param>
    internal static string Of(IReadOnlyList<string> paths, int maxBytes, out bool isWhole)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isAny = false;
        isWhole = true;
        foreach (var path in paths)
        {
            foreach (var content in Read(path, maxBytes))
            {
                isAny |= content is not null;
                isWhole &= content is not null || !Path.Exists(path);
                hash.AppendData(SHA256.HashData(content ?? []));
            }
        }

        return isAny ? Convert.ToHexStringLower(hash.GetHashAndReset()) : "";
    }

    private static byte[]?[] Read(string path, int maxBytes)
    {
        try
        {
            return [.. CertificateFiles.Of(path).Select(file => BoundedFile.Read(file, maxBytes))];
        }
        catch (IOException)
        {
            return [null];
        }
    }
}
