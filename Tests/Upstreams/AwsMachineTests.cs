using Microsoft.AspNetCore.Http;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Keys that AWS gives to its machines, of which no answer is read beyond its bound.</summary>
public sealed class AwsMachineTests : IDisposable
{
    private const string Keys = """{"AccessKeyId":"id","SecretAccessKey":"secret","Token":"token"}""";
    private const string Instance = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    private const string Container = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

    private readonly CloudTransport _clouds = new(TimeProvider.System);

    public void Dispose() => _clouds.Dispose();

    [Fact]
    public async Task An_instance_has_the_keys_of_its_role()
    {
        await using var aws = await AwsCloud.Start();
        var keys = await Of((Instance, aws.Url));
        Assert.StartsWith("ASIATEMPORARY", keys.AccessKey);
        Assert.NotEmpty(keys.Token);
        Assert.Equal(["PUT", "GET", "GET"], aws.Calls.Select(call => call.By));
    }

    [Fact]
    public async Task A_container_shows_what_lies_in_its_file()
    {
        using var folder = new TemporaryFolder();
        await using var server =
            await RecordingUpstream.Start(context => context.Request.Headers.Authorization == "canary" && context.Request.Path == "/v1/keys"
            ? context.Response.WriteAsync(Keys) : Task.FromException(new BadHttpRequestException("not so", 401)));
        var keys = await Of((Container, $"{server.Url}/v1/keys"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.Write("token", "canary\n")));
        Assert.Equal(("id", "secret", "token"), (keys.AccessKey, keys.SecretKey, keys.Token));
    }

    [Theory]
    [InlineData("PUT /latest/api/token")]
    [InlineData("GET /latest/meta-data/iam/security-credentials/")]
    [InlineData("GET /latest/meta-data/iam/security-credentials/role")]
    [InlineData("GET /keys")]
    public async Task An_answer_without_end_is_not_read(string endless)
    {
        await using var server = await RecordingUpstream.Start(async context =>
        {
            var piece = new byte[64 * 1024];
            for (var i = 0; $"{context.Request.Method} {context.Request.Path}" == endless && i < 1024; i++)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }

            await context.Response.WriteAsync("role");
        });
        var fault = await Assert.ThrowsAnyAsync<Exception>(
            () => endless == "GET /keys" ? Of((Container, $"{server.Url}/keys")) : Of((Instance, server.Url)));
        Assert.Contains(fault.Causes(), cause => cause is AnswerTooLargeException);
    }

    [Theory]
    [InlineData(Container, "http://registry.example/keys", UpstreamFailureKind.Misconfigured)]
    [InlineData("AWS_EC2_METADATA_DISABLED", "true", UpstreamFailureKind.Misconfigured)]
    [InlineData(Instance, "http://127.0.0.1:9", UpstreamFailureKind.Unreachable)]
    public async Task Where_there_are_none_it_is_said(string variable, string value, UpstreamFailureKind kind) =>
        Assert.Equal(kind, (await Assert.ThrowsAsync<IssueException>(() => Of((variable, value)))).Kind);

    private Task<Amazon.Runtime.ImmutableCredentials> Of(params (string Name, string Value)[] environment) =>
        new AwsMachine(_clouds, name => Array.Find(environment, variable => variable.Name == name).Value)
            .Keys(TestContext.Current.CancellationToken);
}
