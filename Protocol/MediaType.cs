namespace RegistryProxy.Protocol;

/// <summary>Media types as HTTP carries them (RFC 9110 §8.3.1): <c>type/subtype</c>, which has no case, and parameters.</summary>
public static class MediaType
{
    /// <summary>Whether a manifest is one of schema 1, whose digest is that of the text that was signed in it, not of its bytes.</summary>
    /// <param name="text">A <c>Content-Type</c>.</param>
    public static bool IsSchema1(string text) =>
        text.StartsWith("application/vnd.docker.distribution.manifest.v1+", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Type and subtype in small letters, without parameters: registries add <c>charset</c> to those of manifests, which clients do not
    /// know then.
    /// </summary>
    /// <param name="text">A <c>Content-Type</c>.</param>
    public static string EssenceOf(string text)
    {
        var essence = text.AsSpan();
        if (essence.IndexOf(';') is var end and >= 0)
        {
            essence = essence[..end];
        }

        essence = essence.Trim(" \t");
        return essence.Length == text.Length && essence.IndexOfAnyInRange('A', 'Z') < 0 ? text : essence.ToString().ToLowerInvariant();
    }
}
