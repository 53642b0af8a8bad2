namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The codes by which AWS says why not.</summary>
internal static class AwsErrors
{
    /// <summary>The code in brackets, when it is one; <c>com.amazonaws…#Code</c> counts as <c>Code</c>.</summary>
    public static string Say(string? code)
    {
        var name = code?[(code.LastIndexOf('#') + 1)..] ?? "";
        return name.Length is > 0 and < 80 && name.All(char.IsAsciiLetterOrDigit) ? $" ({name})" : "";
    }
}
