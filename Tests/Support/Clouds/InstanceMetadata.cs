using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>The instance metadata service of EC2, version 2: nothing without a session token that was asked for by PUT.</summary>
internal static class InstanceMetadata
{
    private const string SessionToken = "imds-canary-session-token";
    private const string Role = "instance";

    public static Task Serve(HttpContext context, AwsKeys keys)
    {
        var path = context.Request.Path.Value!;
        if (context.Request.Method == "PUT" && path == "/latest/api/token"
            && int.TryParse(context.Request.Headers["X-aws-ec2-metadata-token-ttl-seconds"], out var life))
        {
            context.Response.Headers["X-aws-ec2-metadata-token-ttl-seconds"] = life.ToString();
            return context.Response.WriteAsync(SessionToken);
        }

        if (context.Request.Method != "GET" || context.Request.Headers["X-aws-ec2-metadata-token"] != SessionToken)
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        }

        switch (path.TrimEnd('/'))
        {
            case "/latest/meta-data/iam/security-credentials" or "/latest/meta-data/iam/security-credentials-extended":
                return context.Response.WriteAsync(Role);
            case $"/latest/meta-data/iam/security-credentials/{Role}" or $"/latest/meta-data/iam/security-credentials-extended/{Role}":
                return context.Response.WriteAsync(JsonSerializer.Serialize(new
                {
                    Code = "Success", LastUpdated = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ"), Type = "AWS-HMAC",
                    AccountId = "111111111111",
                    AccessKeyId = keys.Id, SecretAccessKey = keys.Secret, keys.Token,
                    Expiration = keys.Expires.ToString("yyyy-MM-ddTHH:mm:ssZ"),
                }));
            default:
                context.Response.StatusCode = 404;
                return Task.CompletedTask;
        }
    }
}
