using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Aws;

/// <summary>
/// A presigned <c>sts:GetCallerIdentity</c> (AWS Signature Version 4, query form), read strictly: every parameter is known, occurs once and
/// has a value of its own grammar. What is sent to AWS is written anew from these values; nothing is replayed as it came.
/// </summary>
/// <param name="Host">The AWS host that the signature covers.</param>
/// <param name="Parameters">The query, in the order of the signature.</param>
/// <param name="Signed">When it was signed.</param>
/// <param name="Expires">When it stops counting.</param>
internal sealed partial record PresignedCallerIdentity(
    string Host, IReadOnlyList<KeyValuePair<string, string>> Parameters, DateTimeOffset Signed, DateTimeOffset Expires)
{
    /// <summary>The header that names the server which a request is meant for.</summary>
    public const string ServerIdHeader = "X-RegistryProxy-Server-Id";

    private const int MaxLength = 8 * 1024;
    private const int MaxValueLength = 4096;

    private static readonly Dictionary<string, Regex> Grammar = new(StringComparer.Ordinal)
    {
        ["Action"] = Linear("^GetCallerIdentity$"),
        ["Version"] = Linear("^2011-06-15$"),
        ["X-Amz-Algorithm"] = Linear("^AWS4-HMAC-SHA256$"),
        ["X-Amz-Credential"] = Linear("^[A-Z0-9]{16,128}/[0-9]{8}/[a-z0-9-]{1,32}/sts/aws4_request$"),
        ["X-Amz-Date"] = Linear("^[0-9]{8}T[0-9]{6}Z$"),
        ["X-Amz-Expires"] = Linear("^[0-9]{1,3}$"),
        ["X-Amz-Security-Token"] = Linear("^[A-Za-z0-9+/=_-]+$"),
        ["X-Amz-SignedHeaders"] = Linear("^host;x-registryproxy-server-id$"),
        ["X-Amz-Signature"] = Linear("^[0-9a-f]{64}$"),
    };

    private static Regex Linear(string pattern) => new(pattern, RegexOptions.NonBacktracking);

    /// <summary>Reads the text of a URL; says what is wrong with it otherwise.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PresignedCallerIdentity? request, out string problem)
    {
        request = null;
        problem = "this is not a presigned URL of sts:GetCallerIdentity";
        if (text.Length > MaxLength || UrlShape().Match(text) is not { Success: true } shape
            || !QueryParameters.TryParse(shape.Groups["query"].Value, out _))
        {
            return false;
        }

        List<KeyValuePair<string, string>> parameters = [];
        foreach (var pair in shape.Groups["query"].Value.Split('&'))
        {
            var parts = pair.Split('=', 2);
            var value = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
            if (!Grammar.TryGetValue(parts[0], out var grammar) || value.Length > MaxValueLength || !grammar.IsMatch(value)
                || value.EndsWith('\n') || parameters.Exists(known => known.Key == parts[0]))
            {
                problem = Grammar.ContainsKey(parts[0]) && parts[0] == "X-Amz-SignedHeaders"
                    ? $"the signature must cover host and {ServerIdHeader}, and no other header"
                    : "the presigned URL has a parameter that is unknown, repeated or malformed";
                return false;
            }

            parameters.Add(new(parts[0], value));
        }

        if (parameters.Count < Grammar.Count - 1
            || Grammar.Keys.Any(key => key != "X-Amz-Security-Token" && !parameters.Exists(known => known.Key == key)))
        {
            problem = "the presigned URL lacks a required parameter";
            return false;
        }

        string Value(string key) => parameters.Find(known => known.Key == key).Value;
        var seconds = int.Parse(Value("X-Amz-Expires"), CultureInfo.InvariantCulture);
        if (seconds is 0 or > 900
            || !DateTimeOffset.TryParseExact(
                Value("X-Amz-Date"), "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var signed))
        {
            problem = "the presigned URL must be valid for at most 900 s";
            return false;
        }

        request = new PresignedCallerIdentity(shape.Groups["host"].Value, parameters, signed, UnixTime.After(signed, seconds));
        return true;
    }

    /// <summary>The request's path and query.</summary>
    public string Target => "/?"
        + string.Join('&', Parameters.Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}"));

    [GeneratedRegex(@"\Ahttps://(?<host>sts(-fips)?(\.[a-z]{2}(-[a-z]+){1,3}-[0-9])?\.amazonaws\.com(\.cn)?)/?\?(?<query>[!-~]+)\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex UrlShape();
}
