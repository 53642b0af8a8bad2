using System.Text.RegularExpressions;

namespace RegistryProxy.Configuration.Reading.Upstreams;

/// <summary>What the host of an ECR registry says of it: region, partition, FIPS, dual stack or public.</summary>
internal sealed partial record EcrHost(string Region, bool IsPublic, bool Fips, string Suffix, bool DualStack)
{
    public const string PublicRegion = "us-east-1";

    /// <summary>Reads the host; <c>null</c> when it is none of ECR.</summary>
    public static EcrHost? Of(Uri url)
    {
        var host = url.IdnHost.ToLowerInvariant();
        if (host is "public.ecr.aws" or "ecr-public.aws.com")
        {
            return new(PublicRegion, true, false, "amazonaws.com", false);
        }

        return Private().Match(host) is { Success: true } match
            ? new(
                match.Groups["region"].Value, false, match.Groups["fips"].Success, SuffixOf(match.Groups["region"].Value),
                match.Groups["on"].Success)
            : null;
    }

    /// <summary>A registry behind a host of its own, such as a private endpoint or a test.</summary>
    public static EcrHost OfRegion(string region) => new(region, false, false, SuffixOf(region), false);

    /// <summary>The API of the region (AWS General Reference, Amazon ECR endpoints).</summary>
    public Uri Api() => new(this switch
    {
        { IsPublic: true } => $"https://api.ecr-public.{PublicRegion}.amazonaws.com",
        { Fips: true } => $"https://ecr-fips.{Region}.{Suffix}",
        { DualStack: true, Suffix: "amazonaws.com" } => $"https://ecr.{Region}.api.aws",
        { DualStack: true } => $"https://ecr.{Region}.api.amazonwebservices.com.cn",
        _ => $"https://api.ecr.{Region}.{Suffix}",
    });

    private static string SuffixOf(string region) =>
        region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn"
        : region.StartsWith("eusc-", StringComparison.Ordinal) ? "amazonaws.eu"
        : "amazonaws.com";

    [GeneratedRegex(
        @"\A[0-9]{12}\.dkr[.-]ecr(?<fips>-fips)?\.(?<region>[a-z]{2,5}(-[a-z]+)+-[0-9]+)\."
            + @"((amazonaws\.(com(\.cn)?|eu))|(?<on>on\.(aws|amazonwebservices\.com\.cn)))\z", RegexOptions.NonBacktracking)]
    private static partial Regex Private();
}
