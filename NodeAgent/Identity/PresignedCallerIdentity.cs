using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>Temporary keys of AWS.</summary>
internal sealed record AwsKeys(string AccessKey, Secret SecretKey, Secret SessionToken);

/// <summary>Signature Version 4 in the query form over <c>GetCallerIdentity</c>, with the front door's id as a signed header.</summary>
internal static class PresignedCallerIdentity
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string SignedHeaders = "host;x-registryproxy-server-id";
    private const int Seconds = 300;

    private static readonly string EmptyHash = Hex(SHA256.HashData([]));

    public static string Sign(AwsKeys keys, string region, string serverId, DateTimeOffset now)
    {
        var (day, moment) = (
            now.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture),
            now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        var host = region.StartsWith("cn-", StringComparison.Ordinal) ? $"sts.{region}.amazonaws.com.cn" : $"sts.{region}.amazonaws.com";
        var scope = $"{day}/{region}/sts/aws4_request";
        (string Name, string Value)[] parameters =
        [
            ("Action", "GetCallerIdentity"), ("Version", "2011-06-15"), ("X-Amz-Algorithm", Algorithm),
            ("X-Amz-Credential", $"{keys.AccessKey}/{scope}"),
            ("X-Amz-Date", moment), ("X-Amz-Expires", Seconds.ToString(CultureInfo.InvariantCulture)),
            ("X-Amz-Security-Token", keys.SessionToken.Reveal()),
            ("X-Amz-SignedHeaders", SignedHeaders),
        ];
        var query = string.Join(
            '&',
            parameters.Where(parameter => parameter.Value.Length > 0).Select(
                parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value)}"));
        var request = $"GET\n/\n{query}\nhost:{host}\nx-registryproxy-server-id:{serverId}\n\n{SignedHeaders}\n{EmptyHash}";
        var text = $"{Algorithm}\n{moment}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var key = scope.Split('/').Aggregate(
            Encoding.UTF8.GetBytes($"AWS4{keys.SecretKey.Reveal()}"),
            (current, part) => HMACSHA256.HashData(current, Encoding.UTF8.GetBytes(part)));
        return $"https://{host}/?{query}&X-Amz-Signature={Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)))}";
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
