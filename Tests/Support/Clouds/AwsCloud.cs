using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// A stand-in for the AWS services behind an ECR token: instance metadata (IMDSv2 alone), STS, ECR and ECR Public. Signatures are checked,
/// roles have trust policies, and what is wrong is refused with the codes of AWS.
/// </summary>
internal sealed class AwsCloud : IAsyncDisposable
{
    public const string UserKey = "AKIAUSEROFTESTS00001";
    public const string UserSecret = "aws-user-canary-secret";
    public const string InstanceRole = "arn:aws:iam::111111111111:role/instance";
    public const string WebRole = "arn:aws:iam::111111111111:role/web";
    public const string PullRole = "arn:aws:iam::123456789012:role/pull";
    public const string ChainedRole = "arn:aws:iam::210987654321:role/chained";
    public const string ExternalId = "agreed-upon";
    public const string WebToken = "eyJweb.identity.token";
    public const string RegistryUser = "AWS";
    public const string RegistryPassword = "ecr-canary-password";

    private readonly ConcurrentDictionary<string, AwsKeys> _keys = new();
    private RecordingUpstream _server = null!;
    private int _issued;

    public string Url => _server.Url;

    /// <summary>Blanks behind every answer.</summary>
    public int Padding
    {
        set => _server.Padding = value;
    }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public string Region { get; set; } = "eu-west-1";

    /// <summary>Who may call GetAuthorizationToken.</summary>
    public HashSet<string> Allowed { get; } = ["user", InstanceRole, WebRole, PullRole, ChainedRole];

    /// <summary>The password in the tokens; changes when somebody rotates it.</summary>
    public string Password { get; set; } = RegistryPassword;

    public TimeSpan Life { get; set; } = TimeSpan.FromHours(12);

    /// <summary>An HTTP status that ECR answers everything with.</summary>
    public int? Away { get; set; }

    /// <summary>A code that STS refuses everything with.</summary>
    public string? StsRefusal { get; set; }

    public string UserSecretNow { get; set; } = UserSecret;

    /// <summary>The calls so far: <c>ecr</c>, <c>ecr-public</c>, <c>sts</c>, <c>metadata</c>; with who made those to ECR.</summary>
    public ConcurrentQueue<(string Service, string By)> Calls { get; } = new();

    public int TokenCalls => Calls.Count(call => call.Service.StartsWith("ecr", StringComparison.Ordinal));

    public static async Task<AwsCloud> Start()
    {
        var cloud = new AwsCloud();
        cloud._server = await RecordingUpstream.Start(cloud.Serve);
        return cloud;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task Serve(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/latest"))
        {
            Calls.Enqueue(("metadata", context.Request.Method));
            await InstanceMetadata.Serve(context, Issue(InstanceRole));
            return;
        }

        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        if (context.Request.Headers["x-amz-target"].ToString() is { Length: > 0 } target)
        {
            await ServeEcr(context, body, target);
            return;
        }

        var form = body.Split('&').Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1].Replace('+', ' ')));
        Calls.Enqueue(("sts", form["Action"]));
        await ServeSts(context, body, form);
    }

    private Task ServeSts(HttpContext context, string body, Dictionary<string, string> form)
    {
        if (StsRefusal is { } code)
        {
            return AwsXml.Refuse(context, 400, code);
        }

        var (role, session) = (form["RoleArn"], form["RoleSessionName"]);
        if (form["Action"] == "AssumeRoleWithWebIdentity")
        {
            return role == WebRole && form["WebIdentityToken"] == WebToken && session.Length >= 2
                ? AwsXml.Assumed(context, form["Action"], role, session, Issue(role))
                : AwsXml.Refuse(context, 400, "InvalidIdentityToken");
        }

        if (SignedBy(context, body, "sts", DateTimeOffset.UtcNow) is not { } caller)
        {
            return AwsXml.Refuse(context, 403, "SignatureDoesNotMatch");
        }

        var trusted = role switch
        {
            PullRole => form.GetValueOrDefault("ExternalId") == ExternalId,
            ChainedRole => caller == PullRole,
            _ => false,
        };
        return trusted && form["Action"] == "AssumeRole"
            ? AwsXml.Assumed(context, form["Action"], role, session, Issue(role))
            : AwsXml.Refuse(context, 403, "AccessDenied");
    }

    private async Task ServeEcr(HttpContext context, string body, string target)
    {
        var service = target switch
        {
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" => "ecr",
            "SpencerFrontendService.GetAuthorizationToken" => "ecr-public",
            _ => "unknown",
        };
        var caller = SignedBy(context, body, service, Time.GetUtcNow());
        var away = Away;
        Calls.Enqueue((service, caller ?? "nobody"));
        context.Response.ContentType = "application/x-amz-json-1.1";
        if (away is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        if (caller is null || !Allowed.Contains(caller) || context.Request.ContentType != "application/x-amz-json-1.1" || body != "{}")
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync(
                $$"""{"__type":"{{(caller is null ? "InvalidSignatureException" : "AccessDeniedException")}}","message":"canary words of AWS"}""");
            return;
        }

        var token = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{RegistryUser}:{Password}"));
        var data = new { authorizationToken = token, expiresAt = (Time.GetUtcNow() + Life).ToUnixTimeMilliseconds() / 1000.0,
            proxyEndpoint = "https://x" };
        await context.Response.WriteAsync(
            JsonSerializer.Serialize(new { authorizationData = service == "ecr" ? (object)new[] { data } : data }));
    }

    /// <summary>The principal that signed for this region and service.</summary>
    private string? SignedBy(HttpContext context, string body, string service, DateTimeOffset now)
    {
        var signed = SignedHeaders.Verify(
            context.Request, body, now, key => key == UserKey ? UserSecretNow : _keys.GetValueOrDefault(key)?.Secret);
        var region = service == "ecr-public" ? "us-east-1" : Region;
        if (signed is null || signed.Service != service || signed.Region != region)
        {
            return null;
        }

        return signed.AccessKey == UserKey ? "user"
            : _keys[signed.AccessKey] is var keys && keys.Token == signed.SessionToken ? keys.Role : null;
    }

    private AwsKeys Issue(string role)
    {
        var number = Interlocked.Increment(ref _issued);
        return _keys[$"ASIATEMPORARY{number:D7}"] = new(
            $"ASIATEMPORARY{number:D7}", $"aws-temporary-canary-secret-{number}", $"aws-session-canary-token-{number}==", role,
            DateTimeOffset.UtcNow.AddHours(1));
    }
}

/// <summary>Temporary keys of a role.</summary>
internal sealed record AwsKeys(string Id, string Secret, string Token, string Role, DateTimeOffset Expires);
