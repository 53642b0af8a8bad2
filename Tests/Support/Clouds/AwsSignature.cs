using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>AWS Signature Version 4 in the query form, as a client of STS makes it and as STS checks it.</summary>
internal static class AwsSignature
{
    public const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>A presigned GetCallerIdentity.</summary>
    public static string Presign(
        string host, string accessKey, string secretKey, DateTimeOffset now, string serverId, string region = "eu-west-1",
        int expires = 300,
        string signedHeaders = "host;x-registryproxy-server-id", string action = "GetCallerIdentity", string? sessionToken = null)
    {
        var parameters = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Action"] = action,
            ["Version"] = "2011-06-15",
            ["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256",
            ["X-Amz-Credential"] = $"{accessKey}/{now:yyyyMMdd}/{region}/sts/aws4_request",
            ["X-Amz-Date"] = $"{now:yyyyMMdd'T'HHmmss'Z'}",
            ["X-Amz-Expires"] = expires.ToString(),
            ["X-Amz-SignedHeaders"] = signedHeaders,
        };
        if (sessionToken is not null)
        {
            parameters["X-Amz-Security-Token"] = sessionToken;
        }

        var query = Query(parameters);
        return $"https://{host}/?{query}&X-Amz-Signature={Sign(query, host, serverId, secretKey, parameters)}";
    }

    /// <summary>The signature over a query without its own, in the order of its names.</summary>
    public static string Sign(string query, string host, string serverId, string secretKey, IReadOnlyDictionary<string, string> parameters)
    {
        var request = $"GET\n/\n{query}\nhost:{host}\nx-registryproxy-server-id:{serverId}\n\nhost;x-registryproxy-server-id\n{EmptyHash}";
        var scope = parameters["X-Amz-Credential"].Split('/', 2)[1];
        var toSign = $"AWS4-HMAC-SHA256\n{parameters["X-Amz-Date"]}\n{scope}\n" +
            $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var key = Encoding.UTF8.GetBytes($"AWS4{secretKey}");
        key = scope.Split('/').Aggregate(key, (current, part) => HMACSHA256.HashData(current, Encoding.UTF8.GetBytes(part)));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
    }

    public static string Query(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', parameters.Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}"));
}
