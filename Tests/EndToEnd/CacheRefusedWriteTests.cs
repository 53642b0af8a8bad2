using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Pushes that come to nothing cost what is cached no more than they must.</summary>
public sealed class CacheRefusedWriteTests
{
    private static readonly TestBlob Manifest = new(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciManifest}}","n":1}"""));

    [Fact]
    public async Task A_push_that_is_not_sent_ends_nothing_and_one_that_is_refused_only_what_it_was_about()
    {
        var grantsPushes = false;
        await using var upstream = await RecordingUpstream.Start(context => context.Request.Path.Value! switch
        {
            "/token" => GrantToken(context,
                grantsPushes || !context.Request.Query["scope"].ToString().Contains("push", StringComparison.Ordinal)),
            _ when context.Request.Headers.Authorization.Count == 0 => Challenge(context),
            var path when path.Contains("/manifests/", StringComparison.Ordinal) => Answer(context),
            _ => Task.CompletedTask,
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url, "1h"));
        using var alice = door.Client("alice");
        await Pull("v1");
        await Pull("v2");
        Assert.Equal((1, 1), (Asked("v1"), Asked("v2")));
        Assert.NotEqual(HttpStatusCode.Created, await Push());
        await Pull("v1");
        Assert.Equal((1, 0), (Asked("v1"), Pushed()));
        grantsPushes = true;
        await Support.Processes.Eventually.True(
            async () => await Push() == HttpStatusCode.BadRequest && Pushed() > 0, "the upstream is asked, and refuses");
        await Pull("v1");
        await Pull("v1");
        await Pull("v2");
        Assert.Equal((2, 1), (Asked("v1"), Asked("v2")));

        int Asked(string tag) =>
            upstream.Requests.Count(
                request => request.Method != "PUT" && request.Target == $"/v2/a/b/manifests/{tag}"
                    && request.Headers.ContainsKey("Authorization"));

        int Pushed() => upstream.Requests.Count(request => request.Method == "PUT" && request.Headers.ContainsKey("Authorization"));

        async Task Pull(string tag)
        {
            using var pulled = await alice.GetManifest("a/b", tag);
            Assert.Equal(Manifest.Bytes, await pulled.Content.ReadAsByteArrayAsync());
        }

        async Task<HttpStatusCode> Push()
        {
            using var pushed = await alice.PutManifest("a/b", "v1", Manifest);
            return pushed.StatusCode;
        }
    }

    private static Task Challenge(HttpContext context)
    {
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"registry\"";
        return Task.CompletedTask;
    }

    private static Task GrantToken(HttpContext context, bool isGranted)
    {
        context.Response.StatusCode = isGranted ? 200 : 403;
        return isGranted ? context.Response.WriteAsync("""{"token":"t","expires_in":300}""") : Task.CompletedTask;
    }

    private static async Task Answer(HttpContext context)
    {
        if (context.Request.Method == "PUT")
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync("""{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}""");
            return;
        }

        context.Response.ContentType = TestImage.OciManifest;
        context.Response.Headers["Docker-Content-Digest"] = Manifest.Digest.Value;
        context.Response.ContentLength = Manifest.Bytes.Length;
        await (context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.Body.WriteAsync(Manifest.Bytes).AsTask());
    }
}
