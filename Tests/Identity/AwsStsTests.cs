using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Presigned GetCallerIdentity requests, against a stand-in that checks signatures as AWS does.</summary>
public sealed class AwsStsTests : IDisposable
{
    private const string Server = "docker.acme.example";

    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData("sts.eu-west-1.amazonaws.com", null)]
    [InlineData("sts.amazonaws.com", "FwoGZXIvYXdzEBYaD+/=token")]
    [InlineData("sts.cn-north-1.amazonaws.com.cn", null)]
    [InlineData("sts-fips.us-gov-west-1.amazonaws.com", null)]
    public async Task A_request_that_was_signed_for_this_server_proves_its_principal(string host, string? sessionToken)
    {
        await using var sts = await StsServer.Start();
        var verdict = await Verify(Create(sts),
            AwsSignature.Presign(host, StsServer.AccessKey, StsServer.SecretKey, DateTimeOffset.UtcNow, Server,
                sessionToken: sessionToken));
        Assert.Equal("arn:aws:sts::123456789012:assumed-role/node/i-0123456789abcdef0", verdict.Identity!.Subject);
        Assert.Equal(("123456789012", "i-0123456789abcdef0"),
            (verdict.Identity.Claims["accountId"], verdict.Identity.Claims["instanceId"]));
    }

    [Fact]
    public async Task Nothing_that_is_shaped_differently_reaches_aws()
    {
        await using var sts = await StsServer.Start();
        var authenticator = Create(sts);
        var good = Presign();
        string[] hostile =
        [
            good.Replace("https://", "http://"), good.Replace("sts.eu-west-1.amazonaws.com", "evil.example"), good.Replace(
                "amazonaws.com/", "amazonaws.com.evil.example/"),
            good.Replace("https://", "https://x@"), good.Replace("amazonaws.com/?", "amazonaws.com:444/?"), good.Replace(
                "/?", "/x?"), good.Replace("/?", "//?"), good + "#x",
            good + "&Action=GetSessionToken", good + "&X=1", good.Replace("GetCallerIdentity", "AssumeRole"), good.Replace(
                "X-Amz-Expires=300", "X-Amz-Expires=901"),
            good.Replace("X-Amz-Expires=300", "X-Amz-Expires=0"), good.Replace("X-Amz-Expires=300", "X-Amz-Expires=-1"), good.Replace(
                "&X-Amz-Expires=300", ""),
            good.Replace("%3Bx-registryproxy-server-id", ""), good.Replace("host%3B", "host%3Bx-amz-date%3B"), good.Replace(
                "Version=2011-06-15", "Version=2011-06-16"),
            good.Replace("%2Fsts%2F", "%2Fs3%2F"), good.Replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), good.Replace(
                "X-Amz-Signature=", "X-Amz-Signature=Z"),
            good.Replace("X-Amz-Date=2", "X-Amz-Date=%0A2"), good.Replace("Action=", "action="), good.Replace(
                "https://sts", "https://s3"), "", "https://sts.amazonaws.com/", new string('a', 9000),
            Presign(now: DateTimeOffset.UtcNow.AddMinutes(-10)), Presign(now: DateTimeOffset.UtcNow.AddMinutes(10)),
        ];
        foreach (var url in hostile)
        {
            Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, url)).Kind);
        }

        Assert.Equal(0, sts.Calls);
    }

    [Theory]
    [InlineData(400, "<Code>Throttling</Code>", true)]
    [InlineData(400, "<Code>ThrottlingException</Code>", true)]
    [InlineData(400, "<Code>RequestLimitExceeded</Code>", true)]
    [InlineData(429, "", true)]
    [InlineData(408, "", true)]
    [InlineData(503, "", true)]
    [InlineData(400, "<Code>IncompleteSignature</Code>", false)]
    [InlineData(403, "<Code>ExpiredToken</Code>", false)]
    [InlineData(403, "nonsense", false)]
    public async Task Aws_that_takes_no_more_questions_has_refused_no_signature(int status, string body, bool isBusy)
    {
        await using var sts = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(
                $"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>{body}</Error></ErrorResponse>");
        });
        var verdict = await Verify((ITokenAuthenticator)_authenticators.Create(
            $"{{ type: aws-sts, accounts: [\"123456789012\"], serverId: {Server}, endpoint: \"{sts.Url}\", allowPrivate: true }}"),
            Presign());
        Assert.Equal(isBusy, verdict.Kind == VerdictKind.Unavailable);
        Assert.Equal(!isBusy, verdict.Kind == VerdictKind.Refused);
    }

    [Fact]
    public async Task Aws_decides_on_the_signature_and_the_account_must_be_listed()
    {
        await using var sts = await StsServer.Start();
        var authenticator = Create(sts);
        Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, Presign(serverId: "another.example"))).Kind);
        Assert.Equal(VerdictKind.Refused,
            (await Verify(authenticator,
                AwsSignature.Presign(StsServer.Host, StsServer.AccessKey, "wrong", DateTimeOffset.UtcNow, Server))).Kind);
        Assert.Equal(2, sts.Calls);
        sts.Account = "999999999999";
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, Presign())).Kind);
        sts.Arn = sts.Arn.Replace("123456789012", "999999999999");
        Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, Presign())).Kind);
        await sts.DisposeAsync();
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, Presign())).Kind);
    }

    [Theory]
    [InlineData("{ type: aws-sts, serverId: x }", "accounts")]
    [InlineData("{ type: aws-sts, accounts: [], serverId: x }", "empty never means all")]
    [InlineData("{ type: aws-sts, accounts: [\"12\"], serverId: x }", "12 digits")]
    [InlineData("{ type: aws-sts, accounts: [\"123456789012\"] }", "serverId")]
    [InlineData("{ type: aws-sts, accounts: [\"123456789012\"], serverId: x, endpoint: \"http://sts.example\" }", "https://")]
    public void A_bad_configuration_says_what_is_wrong(string yaml, string saying) =>
        Assert.Contains(_authenticators.Errors(yaml), error => error.Contains(saying, StringComparison.Ordinal));

    private static string Presign(string serverId = Server, DateTimeOffset? now = null) =>
        AwsSignature.Presign(StsServer.Host, StsServer.AccessKey, StsServer.SecretKey, now ?? DateTimeOffset.UtcNow, serverId);

    private ITokenAuthenticator Create(StsServer sts) => (ITokenAuthenticator)_authenticators.Create(
        $"{{ type: aws-sts, accounts: [\"123456789012\"], serverId: {Server}, endpoint: \"{sts.Url}\", allowPrivate: true }}");

    private static async Task<Verdict> Verify(ITokenAuthenticator authenticator, string url) =>
        await authenticator.Verify(
            new PresentedCredential("acme", new Secret(Base64UrlEncoder.Encode(url))), TestContext.Current.CancellationToken);
}
