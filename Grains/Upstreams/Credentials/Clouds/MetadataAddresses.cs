using System.Net;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>Where the machines of clouds find their metadata service.</summary>
internal static class MetadataAddresses
{
    private static readonly IPAddress[] WellKnown = [IPAddress.Parse("169.254.169.254"), IPAddress.Parse("fd20:ce::254")];

    /// <summary>Where AWS answers its instances and containers.</summary>
    private static readonly IPAddress[] OfAws =
    [
        IPAddress.Parse("169.254.169.254"), IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("169.254.170.2"),
        IPAddress.Parse("169.254.170.23"), IPAddress.Parse("fd00:ec2::23"),
    ];

    /// <summary>Those of AWS, and what the environment of this process names by address in their place.</summary>
    public static IReadOnlyCollection<IPAddress> Aws() =>
        [.. OfAws, .. Named("AWS_EC2_METADATA_SERVICE_ENDPOINT"), .. Named("AWS_CONTAINER_CREDENTIALS_FULL_URI")];

    /// <summary>
    /// Whether keys of a container may come from there without TLS: from its machine, or the address that AWS has for that.
    /// </summary>
    public static bool IsOfContainer(Uri address) =>
        address.IsLoopback || (IPAddress.TryParse(address.IdnHost, out var ip) && OfAws.Contains(ip));

    /// <summary>The well-known ones, and those that the environment of this process names by address.</summary>
    public static IReadOnlyCollection<IPAddress> All() =>
        [.. WellKnown, .. Named("GCE_METADATA_HOST"), .. Named("AZURE_POD_IDENTITY_AUTHORITY_HOST")];

    private static IEnumerable<IPAddress> Named(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable) ?? "";
        var address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && HttpOrigin.TryGetHost(uri, out var host)
            && IPAddress.TryParse(host, out var ip) ? [ip] : [];
    }
}
