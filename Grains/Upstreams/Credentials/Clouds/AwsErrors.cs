using System.Net;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The codes by which AWS says why not.</summary>
internal static class AwsErrors
{
    /// <summary>What a status and a code, in brackets, say that is no success: AWS throttles with 400.</summary>
    public static UpstreamFailureKind KindOf(HttpStatusCode status, string code) =>
        code.Contains("Throttling", StringComparison.Ordinal) ? UpstreamFailureKind.Throttled : CloudTransport.KindOf(status);

    /// <summary>The code in brackets, when it is one; <c>com.amazonaws…#Code</c> counts as <c>Code</c>.</summary>
    public static string Say(string? code)
    {
        var name = code?[(code.LastIndexOf('#') + 1)..] ?? "";
        return name.Length is > 0 and < 80 && name.All(char.IsAsciiLetterOrDigit) ? $" ({name})" : "";
    }
}
