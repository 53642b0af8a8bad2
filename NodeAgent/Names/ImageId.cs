namespace RegistryProxy.NodeAgent.Names;

/// <summary>The identifier that a runtime gave an image: a digest, with or without its algorithm.</summary>
internal static class ImageId
{
    private const string Prefix = "sha256:";
    private const int HexLength = 64;

    public static bool IsOne(string text) => Hex(text) is { Length: HexLength } hex && hex.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether two ways of writing it mean the same image.</summary>
    public static bool Same(string one, string other) => Hex(one) == Hex(other);

    private static string Hex(string text) => text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
}
