using System.Net;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>Where the machines of clouds find their metadata service.</summary>
internal static class MetadataAddresses
{
    private static readonly IPAddress[] WellKnown = [IPAddress.Parse("169.254.169.254"), IPAddress.Parse("fd20:ce::254")];

    /// <summary>The well-known ones, and those that the environment of this process names by address.</summary>
    public static IReadOnlyCollection<IPAddress> All() => [.. WellKnown, .. Named("GCE_METADATA_HOST"), .. Named("AZURE_POD_IDENTITY_AUTHORITY_HOST")];

    private static IEnumerable<IPAddress> Named(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable) ?? "";
        var address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) ? [ip] : [];
    }
}
