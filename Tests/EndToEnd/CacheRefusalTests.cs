using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What an upstream does not give costs none of the pulls that it counts.</summary>
public sealed class CacheRefusalTests
{
    [Theory]
    [InlineData(404)]
    [InlineData(406)]
    public async Task Types_and_tags_that_an_upstream_does_not_have_are_asked_for_with_head(int refusal)
    {
        var manifest = TestImage.Build(870, 100).Manifest;
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            if (!context.Request.Path.Value!.Contains("/manifests/", StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            if (!context.Request.Headers.Accept.ToString().Contains(TestImage.OciManifest, StringComparison.Ordinal)
                || !context.Request.Path.Value.EndsWith("/v1", StringComparison.Ordinal))
            {
                context.Response.StatusCode = refusal;
                return Task.CompletedTask;
            }

            context.Response.Headers["Docker-Content-Digest"] = manifest.Digest.Value;
            context.Response.ContentType = TestImage.OciManifest;
            context.Response.ContentLength = manifest.Bytes.Length;
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
                : context.Response.Body.WriteAsync(manifest.Bytes).AsTask();
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        for (var i = 0; i < 30; i++)
        {
            Assert.InRange((int)await Status(alice, "v1", TestImage.OciIndex), 404, 406);
        }

        Assert.InRange(Asked("HEAD"), 1, 10);
        for (var i = 0; i < 30; i++)
        {
            Assert.InRange((int)await Status(alice, $"none-{i}", TestImage.OciIndex, TestImage.OciManifest), 404, 406);
        }

        // Until HEAD said yes once, some GETs find out whether it ever does.
        var spent = Asked("GET");
        Assert.InRange(spent, 0, HeadTruth.MaxTrials);
        Assert.Equal(HttpStatusCode.OK, await Status(alice, "v1", TestImage.OciIndex, TestImage.OciManifest));
        for (var i = 30; i < 60; i++)
        {
            Assert.InRange((int)await Status(alice, $"none-{i}", TestImage.OciIndex, TestImage.OciManifest), 404, 406);
        }

        Assert.Equal(spent + 1, Asked("GET"));

        int Asked(string method) =>
            upstream.Requests.Count(
                request => request.Method == method && request.Target.Contains("/manifests/", StringComparison.Ordinal));
    }

    private static async Task<HttpStatusCode> Status(RegistryClient client, string tag, params string[] accept)
    {
        using var answer = await client.Do(
            HttpMethod.Get, $"/v2/a/b/manifests/{tag}", RegistryClient.Pull("a/b"), null, [.. accept.Select(type => ("Accept", type))]);
        return answer.StatusCode;
    }
}
