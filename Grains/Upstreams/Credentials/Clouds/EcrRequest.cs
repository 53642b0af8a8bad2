using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Auth;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>The request <c>GetAuthorizationToken</c>, signed by Signature Version 4 in the header form.</summary>
internal static class EcrRequest
{
    private const string Body = "{}";

    public static HttpRequestMessage Sign(EcrCredentials ecr, ImmutableCredentials keys, DateTimeOffset now)
    {
        var (service, target) = ecr.IsPublic
            ? ("ecr-public", "SpencerFrontendService.GetAuthorizationToken")
            : ("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
        var address = HttpOrigin.Of(ecr.Endpoint).At(default);
        SortedDictionary<string, string> headers = new(StringComparer.Ordinal)
        {
            ["content-type"] = "application/x-amz-json-1.1",
            ["host"] = address.IsDefaultPort ? address.IdnHost : $"{address.IdnHost}:{address.Port}",
            ["x-amz-date"] = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture),
            ["x-amz-target"] = target,
        };
        if (keys.UseToken)
        {
            headers["x-amz-security-token"] = keys.Token;
        }

        var names = string.Join(';', headers.Keys);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Body)));
        var canonical = $"POST\n/\n\n{string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n"))}\n{names}\n{hash}";
        var signature = AWS4Signer.ComputeSignature(keys, ecr.Region, now.UtcDateTime, service, names, canonical);

        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(Body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(headers["content-type"]);
        foreach (var (name, value) in headers.Where(header => header.Key.StartsWith("x-amz-", StringComparison.Ordinal)))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
        return request;
    }
}
