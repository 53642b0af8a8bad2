using System.Security.Cryptography;
using RegistryProxy.Files;

namespace RegistryProxy.ServiceDefaults.Files;

/// <summary>
/// Tells whether small files changed, by what is in them: in a mounted Secret a file is a link, whose own time stays as it is when what it leads
/// to is replaced.
/// </summary>
internal static class ContentStamp
{
    /// <summary>A hash over the files in their order; one that cannot be read counts as an empty one.</summary>
    public static string Of(params ReadOnlySpan<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            hash.AppendData(SHA256.HashData(Read(path)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] Read(string path)
    {
        try
        {
            return BoundedFile.Read(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
