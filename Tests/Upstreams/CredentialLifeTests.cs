using System.Net;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// Credentials of upstreams as a user meets them: the whole product, real registries, mistakes that are mended while it runs.
/// </summary>
public sealed class CredentialLifeTests
{
    [Fact]
    public async Task The_role_of_an_ec2_instance_pushes_and_pulls_through_ecr()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(
                registry.Url, $", credentials: {{ type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\" }}"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.Url), ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"), ("AWS_CONFIG_FILE", "/nowhere"));
        using var alice = door.Client("alice");
        await alice.PushImage("team/app", "v1", TestImage.Build(901, 20));
        using var anonymous = door.Client();
        using var pulled = await anonymous.GetManifest("team/app", "v1");
        Assert.Equal(HttpStatusCode.OK, pulled.StatusCode);
        Assert.Equal(("ecr", AwsCloud.InstanceRole), Assert.Single(aws.Calls, call => call.Service == "ecr"));
        Assert.Contains(aws.Calls, call => call == ("metadata", "PUT"));
        AssertClean(door.Log + await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task A_pod_of_eks_uses_its_web_identity_and_assumes_a_role_with_it()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(
                registry.Url,
                $", credentials: {{ type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: " +
                $"\"{aws.Url}\", roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId} }}"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", folder.Write("token", AwsCloud.WebToken)), ("AWS_ROLE_ARN", AwsCloud.WebRole));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(door.DataUrl));
        Assert.Equal(("ecr", AwsCloud.PullRole), Assert.Single(aws.Calls, call => call.Service == "ecr"));
        Assert.Equal(["AssumeRoleWithWebIdentity", "AssumeRole"], aws.Calls.Where(call => call.Service == "sts").Select(call => call.By));
    }

    [Fact]
    public async Task The_environment_says_where_the_metadata_services_of_google_and_azure_are()
    {
        await using var google = await GoogleCloud.Start();
        await using var azure = await AzureCloud.Start();
        await using var gar = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        await using var acr = await AzureRegistry.Start();
        await using var door = await FrontDoor.Start(
            PrincipalYaml.Of(gar.Url, "type: google", "type: acr").Replace($"up1: {{ url: \"{gar.Url}\"", $"up1: {{ url: \"{acr.Url}\""),
            ("GCE_METADATA_HOST", new Uri(google.Url).Authority), ("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.Url));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(door.DataUrl, "up0/team/app"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(door.DataUrl, "up1/team/app"));
        Assert.Equal("metadata", Assert.Single(google.Calls));
        Assert.Equal("metadata", Assert.Single(azure.Calls));
        AssertClean(door.Log + await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task A_password_that_ecr_revoked_is_replaced_within_the_request_that_meets_it()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(registry.Url, Ecr(aws, $"{{ value: {AwsCloud.UserSecret} }}")));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(door.DataUrl));
        aws.Password = "ecr-canary-next";
        await registry.SetPassword(AwsCloud.RegistryUser, aws.Password);
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(door.DataUrl));
        Assert.Equal(2, aws.TokenCalls);
    }

    [Fact]
    public async Task A_wrong_key_is_shown_with_its_reason_and_heals_within_five_seconds_of_an_edit()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        var file = folder.Write("secret", "wrong-canary-key");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(registry.Url, Ecr(aws, $"{{ file: {file} }}")));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.BadGateway, await StatusOf(door.DataUrl, $"app-{i}"));
        }

        Assert.InRange(aws.TokenCalls, 1, 4);
        var status = await door.Admin("/admin/upstreams");
        Assert.Contains("InvalidSignatureException", status);
        folder.Write("secret", AwsCloud.UserSecret);
        await Eventually.True(async () => await StatusOf(door.DataUrl) == HttpStatusCode.NotFound, "the mended key is used",
            TimeSpan.FromSeconds(5));
        AssertClean(door.Log + status + await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task A_wrong_password_of_a_basic_registry_heals_within_five_seconds_of_an_edit()
    {
        await using var registry = await DockerRegistry.StartBasic("robot", "basic-canary-password");
        using var folder = new TemporaryFolder();
        var file = folder.Write("password", "wrong-canary-password");
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(registry.Url, $", credentials: {{ type: basic, username: robot, password: {{ file: {file} }} }}"));
        for (var i = 0; i < 30; i++)
        {
            Assert.NotEqual(HttpStatusCode.NotFound, await StatusOf(door.DataUrl));
        }

        folder.Write("password", "basic-canary-password");
        await Eventually.True(async () => await StatusOf(door.DataUrl) == HttpStatusCode.NotFound, "the mended password is used",
            TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Docker_hub_gets_the_password_at_its_realm_and_nowhere_else()
    {
        await using var hub = await HubAuth.Start();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(
            hub.Registry.Url,
            $", officialPrefix: library, realms: [\"{hub.Realm}\"], credentials: {{ type: basic, " +
            $"username: {HubAuth.User}, password: {{ value: {HubAuth.Password} }} }}"));
        using var alice = door.Client("alice");
        await alice.PushImage("private/app", "v1", TestImage.Build(902, 20));
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            using var anonymous = door.Client();
            using var pulled = await anonymous.GetManifest("private/app", "v1");
            return pulled.StatusCode;
        }));
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.All(hub.Calls, call => Assert.Equal(HubAuth.User, call.By));
        Assert.Single(hub.Calls, call => call.Scope == "repository:private/app:pull");
        Assert.DoesNotContain(HubAuth.Password, hub.Registry.Log);
        AssertClean(door.Log + await door.Admin("/admin/upstreams"));
    }

    private static string Ecr(AwsCloud aws, string secret) =>
        $", credentials: {{ type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", accessKeyId: {AwsCloud.UserKey}, " +
        $"secretAccessKey: {secret} }}";

    private static async Task<HttpStatusCode> StatusOf(string door, string repository = "none/app")
    {
        using var client = new RegistryClient(door, null, null);
        using var response = await client.GetManifest(repository, "v1");
        return response.StatusCode;
    }

    private static void AssertClean(string text)
    {
        Assert.DoesNotContain("canary", text);
        Assert.DoesNotContain(AwsCloud.UserSecret, text);
    }
}
