using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.NodeAgent.Identity;
using RegistryProxy.NodeAgent.Identity.Metadata;
using RegistryProxy.NodeAgent.Mirror;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Telemetry;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>What the agent reads of metadata services, and keeps for its mirror, is bounded.</summary>
public sealed class AgentBoundsTests
{
    [Fact]
    public async Task A_metadata_service_is_read_up_to_64_KiB_and_waited_for_4_seconds()
    {
        await using var server = await RecordingUpstream.Start(context => context.Request.Path.Value switch
        {
            "/small" => context.Response.WriteAsync(new string('x', 64 * 1024)),
            "/large" => context.Response.WriteAsync(new string('x', (64 * 1024) + 1)),
            _ => Task.Delay(Timeout.Infinite, context.RequestAborted),
        });
        using var metadata = new MetadataService("a cloud", new Uri(server.Url));
        Assert.True((await metadata.Request(HttpMethod.Get, "/small", default)).Succeeded(out var small, out _));
        Assert.Equal(64 * 1024, small.Length);
        Assert.False((await metadata.Request(HttpMethod.Get, "/large", default)).Succeeded(out _, out var failure));
        Assert.Equal(FailureKind.Unavailable, failure.Kind);
        Assert.False((await metadata.Request(HttpMethod.Get, "/hung", default).WaitAsync(TimeSpan.FromSeconds(60))).Succeeded(
            out _, out failure));
        Assert.Contains("does not answer", failure.Message);
    }

    [Theory]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(0, true)]
    [InlineData(400, false)]
    [InlineData(404, false)]
    public async Task A_metadata_service_that_fails_in_passing_is_asked_once_more(int status, bool isAskedAgain)
    {
        var asked = 0;
        await using var server = await RecordingUpstream.Start(context =>
        {
            if (Interlocked.Increment(ref asked) > 1)
            {
                return context.Response.WriteAsync("here");
            }

            if (status == 0)
            {
                context.Abort();
                return Task.CompletedTask;
            }

            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var metadata = new MetadataService("a cloud", new Uri(server.Url));
        var answer = await metadata.Request(HttpMethod.Get, "/document", default);
        Assert.Equal((isAskedAgain, isAskedAgain ? 2 : 1), (answer.Succeeded(out _, out _), asked));
    }

    [Fact]
    public async Task A_mirror_keeps_tokens_of_a_thousand_repositories_and_none_that_is_too_long()
    {
        var asked = new ConcurrentDictionary<string, int>();
        await using var server = await RecordingUpstream.Start(context => Serve(context, asked));
        using var registries = Registries(server.Url);
        using var mirror = new HttpMessageInvoker(new MirrorAuthentication(registries.Registries[0], TimeProvider.System));
        for (var i = 0; i <= 1000; i++)
        {
            await Get(mirror, server.Url, $"r{i}");
        }

        await Get(mirror, server.Url, "r1000");
        await Get(mirror, server.Url, "r0");
        Assert.Equal((2, 1), (asked["repository:r0:pull"], asked["repository:r1000:pull"]));
        await Get(mirror, server.Url, "long");
        await Get(mirror, server.Url, "long");
        var name = new string('n', 600);
        await Get(mirror, server.Url, name);
        await Get(mirror, server.Url, name);
        Assert.Equal((2, 2), (asked["repository:long:pull"], asked[$"repository:{name}:pull"]));
    }

    private static async Task Get(HttpMessageInvoker mirror, string url, string repository)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/v2/{repository}/manifests/v1?ns=x");
        using var response = await mirror.SendAsync(request, default);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task Serve(HttpContext context, ConcurrentDictionary<string, int> asked)
    {
        if (context.Request.Path == "/token")
        {
            var form = await context.Request.ReadFormAsync();
            var scope = form["scope"].ToString();
            asked.AddOrUpdate(scope, 1, (_, count) => count + 1);
            await context.Response.WriteAsync(JsonSerializer.Serialize(new
            {
                token = scope.Contains(":long:") ? new string('t', 8193)
                    : "t", expires_in = 600, refresh_token = "rpr_canary", refresh_expires_in = 3600,
            }));
        }
        else if (context.Request.Headers.Authorization.Count == 0)
        {
            var repository = context.Request.Path.Value!.Split('/')[2];
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"http://elsewhere.example/token\",service=\"s\",scope=\"repository:{repository}:pull\"";
        }
    }

    private static RegistryDirectory Registries(string url)
    {
        var (settings, errors) = SettingsFile.Parse(
            $$"""frontDoors: [{ url: "{{url}}", identity: { type: password, username: u, password: { value: p } } }]""", "nodeagent.yaml");
        Assert.Empty(errors);
        return new RegistryDirectory(
            settings!, new IdentityFactory(
                settings!, TimeProvider.System), new AgentMetrics(TimeProvider.System), TimeProvider.System, NullLoggerFactory.Instance);
    }
}
