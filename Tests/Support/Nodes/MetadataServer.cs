using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Identity;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>The metadata services of AWS (IMDSv2), Google and Azure, as strict as they are: a missing header is an error.</summary>
internal sealed class MetadataServer : IAsyncDisposable
{
    private const string Token = "AQAEAmetadata-token==";

    private RecordingUpstream _server = null!;

    public string Url => _server.Url;

    /// <summary>The AWS account of this instance.</summary>
    public string Account { get; set; } = "123456789012";

    public string Instance { get; set; } = "i-0123456789abcdef0";

    /// <summary>When the instance was started.</summary>
    public DateTimeOffset? Started { get; set; }

    public string Subscription { get; set; } = "8d10da13-8125-4ba9-a717-bf7490507b3d";

    /// <summary>Signs the tokens of Google; the audience is what was asked for.</summary>
    public TestIssuer? Google { get; set; }

    public string Project { get; set; } = "acme-prod";

    /// <summary>Proofs that were handed out.</summary>
    public int Proofs { get; private set; }

    /// <summary>The agent's <c>metadata</c> settings.</summary>
    public string Yaml => $"metadata: {{ aws: \"{Url}\", gcp: \"{Url}\", azure: \"{Url}\" }}";

    public static async Task<MetadataServer> Start()
    {
        var metadata = new MetadataServer();
        metadata._server = await RecordingUpstream.Start(metadata.Serve);
        return metadata;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path switch
        {
            "/latest/api/token" => AwsToken(context),
            _ when path.StartsWith("/latest/", StringComparison.Ordinal) => Aws(context, path["/latest/".Length..]),
            "/computeMetadata/v1/instance/service-accounts/default/identity" => Gcp(context),
            "/metadata/attested/document" => Azure(context),
            _ => Fail(context, 404),
        };
    }

    private static Task AwsToken(HttpContext context) =>
        context.Request.Method == "PUT" && int.TryParse(context.Request.Headers["X-aws-ec2-metadata-token-ttl-seconds"], out var seconds)
            && seconds is >= 1 and <= 21600
            ? context.Response.WriteAsync(Token)
            : Fail(context, 400);

    private Task Aws(HttpContext context, string path)
    {
        if (context.Request.Method != "GET" || context.Request.Headers["X-aws-ec2-metadata-token"] != Token)
        {
            return Fail(context, 401);
        }

        return path switch
        {
            "meta-data/placement/region" => context.Response.WriteAsync("eu-west-1"),
            "meta-data/iam/security-credentials/" => context.Response.WriteAsync("node\n"),
            "meta-data/iam/security-credentials/node" or "meta-data/identity-credentials/ec2/security-credentials/ec2-instance" =>
                Prove(context, JsonSerializer.Serialize(
                new { Code = "Success", Type = "AWS-HMAC", AccessKeyId = StsServer.AccessKey, SecretAccessKey = StsServer.SecretKey,
                    Token = "session+token/=" })),
            "dynamic/instance-identity/rsa2048" => Prove(context, InstanceDocumentTests.Iid(Account, instance: Instance, started: Started)),
            _ => Fail(context, 404),
        };
    }

    private Task Gcp(HttpContext context)
    {
        var audience = context.Request.Query["audience"].ToString();
        return Google is null || context.Request.Headers["Metadata-Flavor"] != "Google" || audience.Length == 0
            || context.Request.Query["format"] != "full"
            ? Fail(context, 403)
            : Prove(context, Google.Sign(new Dictionary<string, object>
            {
                ["iss"] = "https://accounts.google.com", ["aud"] = audience, ["sub"] = "1",
                ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 3600,
                ["google"] = new { compute_engine = new { project_id = Project, zone = "europe-west1-b",
                    instance_id = "8087716956832600000", instance_name = "node-1" } },
            }));
    }

    private Task Azure(HttpContext context)
    {
        var nonce = context.Request.Query["nonce"].ToString();
        return context.Request.Headers["Metadata"] != "true" || context.Request.Query["api-version"] != "2025-04-07"
            || nonce.Length is 0 or > 32
            ? Fail(context, 400)
            : Prove(context, JsonSerializer.Serialize(
                new { encoding = "pkcs7", signature = InstanceDocumentTests.Attested(nonce, subscription: Subscription) }));
    }

    private Task Prove(HttpContext context, string proof)
    {
        Proofs++;
        return context.Response.WriteAsync(proof);
    }

    private static Task Fail(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
