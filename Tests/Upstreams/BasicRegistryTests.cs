using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Registries that ask for a password and have no token endpoint to say whether it is right.</summary>
public sealed class BasicRegistryTests
{
    private static ValueTask<UpstreamTokenResult> GetToken(GrainCluster cluster, string repository = "a/b") =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:{repository}:pull").GetToken();

    private static ValueTask<UpstreamStatus> Status(GrainCluster cluster) =>
        cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();

    [Fact]
    public async Task A_wrong_password_is_shown_once_told_to_the_operator_and_healed_by_an_edit()
    {
        await using var registry = await DockerRegistry.StartBasic("robot", "right-canary");
        await using var metered = await RecordingUpstream.Start(context => Relay(context, registry.Url));
        using var folder = new TemporaryFolder();
        var file = folder.Write("password", "wrong-canary");
        await using var cluster =
            await GrainCluster.Start(PrincipalYaml.Of(metered.Url, $"type: basic, username: robot, password: {{ file: {file} }}"));
        var refused = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => GetToken(cluster, $"app/{number}").AsTask()));
        Assert.All(refused, result => Assert.Contains("rejected the configured credentials (401)", result.Failure!.Message));
        Assert.Equal(1, metered.Requests.Count(request => request.Headers.ContainsKey("Authorization")));
        var status = await Status(cluster);
        Assert.Contains("rejected the configured credentials", status.LastError);
        Assert.Equal(("open", null), (status.Breaker, status.LastRefresh));

        folder.Write("password", "right-canary\n");
        Assert.True(await registry.Opens((await GetToken(cluster)).Token?.Authorization));
        Assert.Equal("closed", (await Status(cluster)).Breaker);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => GetToken(cluster, $"app/{number}").AsTask()));
        Assert.Equal(2, metered.Requests.Count(request => request.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task Who_may_not_know_the_files_of_the_silo_is_not_told_of_them()
    {
        await using var registry = await DockerRegistry.StartBasic("robot", "right-canary");
        using var folder = new TemporaryFolder();
        var file = folder.File("nowhere");
        await using var cluster =
            await GrainCluster.Start(PrincipalYaml.Of(registry.Url, $"type: basic, username: robot, password: {{ file: {file} }}"));
        Assert.Contains("has no usable secret: the secret file is missing", (await GetToken(cluster)).Failure!.Message);
        Assert.DoesNotContain(folder.Path, (await GetToken(cluster)).Failure!.Message);
        Assert.Contains(file, (await Status(cluster)).LastError);
    }

    [Fact]
    public async Task Another_way_to_ask_is_noticed_by_those_whom_the_old_one_shut_out()
    {
        var bearer = false;
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/token" ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = bearer ? $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\""
                : "Basic realm=\"x\"";
            return context.Response.WriteAsync("""{"token":"t"}""");
        });
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(upstream.Url, "type: anonymous"));
        Assert.Contains("wants a user name and password", (await GetToken(cluster)).Failure!.Message);
        bearer = true;
        await Eventually.True(async () => (await GetToken(cluster)).Token is not null, "the other way is used");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_endpoint_may_say_when_to_come_back_by_a_date(bool date)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/token" ? 429 : 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
            context.Response.Headers.RetryAfter = date ? DateTimeOffset.UtcNow.AddSeconds(21).ToString("R") : "20";
            return Task.CompletedTask;
        });
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(upstream.Url, "type: anonymous"));
        var failure = (await GetToken(cluster)).Failure!;
        Assert.Equal(UpstreamFailureKind.Throttled, failure.Kind);
        Assert.InRange(failure.RetryAfterSeconds, 10, 22);
        await GetToken(cluster, "a/c");
        await GetToken(cluster, "a/d");
        Assert.Equal(2, upstream.Requests.Count(request => request.Target.StartsWith("/token", StringComparison.Ordinal)));
    }

    private static async Task Relay(HttpContext context, string registry)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, registry + context.Request.Path);
        request.Headers.TryAddWithoutValidation("Authorization", context.Request.Headers.Authorization.ToString());
        using var response = await http.SendAsync(request);
        context.Response.StatusCode = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"upstream\"";
        }
    }
}
