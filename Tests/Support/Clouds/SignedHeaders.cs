using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>AWS Signature Version 4 in the header form, checked as AWS checks it.</summary>
internal sealed record SignedHeaders(string AccessKey, string Region, string Service, string? SessionToken)
{
    /// <summary>Who signed the request; <c>null</c> when the signature is missing, stale, incomplete or wrong.</summary>
    public static SignedHeaders? Verify(HttpRequest request, string body, DateTimeOffset now, Func<string, string?> secretOf)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (!authorization.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = authorization["AWS4-HMAC-SHA256 ".Length..].Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        var credential = parts["Credential"].Split('/');
        var names = parts["SignedHeaders"].Split(';');
        var date = request.Headers["x-amz-date"].ToString();
        if (credential is not [var accessKey, var day, var region, var service, "aws4_request"] || secretOf(accessKey) is not { } secret
            || !date.StartsWith(day, StringComparison.Ordinal) || !IsFresh(date, now) || !IsComplete(request, names))
        {
            return null;
        }

        var headers = string.Concat(
            names.Select(name => $"{name}:{string.Join(',', request.Headers[name].Select(value => value!.Trim()))}\n"));
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var canonical = $"{request.Method}\n{target}\n\n{headers}\n{parts["SignedHeaders"]}\n{Hash(body)}";
        var scope = string.Join('/', credential[1..]);
        var key = credential[1..].Aggregate(
            Encoding.UTF8.GetBytes($"AWS4{secret}"), (current, part) => HMACSHA256.HashData(current, Encoding.UTF8.GetBytes(part)));
        var expected = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"AWS4-HMAC-SHA256\n{date}\n{scope}\n{Hash(canonical)}"));
        var token = request.Headers["x-amz-security-token"].ToString();
        return Convert.ToHexStringLower(expected) == parts["Signature"]
            ? new(accessKey, region, service, token.Length == 0 ? null : token) : null;
    }

    private static bool IsFresh(string date, DateTimeOffset now) =>
        DateTimeOffset.TryParseExact(date, "yyyyMMdd'T'HHmmss'Z'", null, DateTimeStyles.AssumeUniversal, out var signed)
            && (now - signed).Duration() < TimeSpan.FromMinutes(15);

    /// <summary>host and every x-amz-… header must be signed, in the order of their names.</summary>
    private static bool IsComplete(HttpRequest request, string[] names) =>
        names.SequenceEqual(names.Order(StringComparer.Ordinal)) && names.Contains("host") && names.Contains("x-amz-date")
        && request.Headers.Keys.Where(name => name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
            .All(name => names.Contains(name.ToLowerInvariant()));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
