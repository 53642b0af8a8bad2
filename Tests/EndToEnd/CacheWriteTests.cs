using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What is written through the door is seen through it, whatever route it took and whatever went wrong meanwhile.</summary>
public sealed class CacheWriteTests
{
    [Fact]
    public async Task A_push_by_one_upstream_is_seen_by_another_of_the_same_address()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start($$"""
            cache: { path: cache, tagTtl: 1h }
            upstreams:
              push: { url: "{{registry.Url}}", allowPrivate: true }
              pull: { url: "{{registry.Url}}/", allowPrivate: true, credentials: { type: basic, username: x, password: { value: y } } }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                routes:
                  - { prefix: hub, upstream: pull, cache: true }
                  - { prefix: hub-push, upstream: push }
                access:
                  - { name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push, delete, catalog] }
            """);
        using var alice = door.Client("alice");
        for (var round = 0; round < 3; round++)
        {
            var image = TestImage.Build(720 + round, 10);
            await alice.PushImage("hub-push/app", "v1", image);
            using var seen = await alice.GetManifest("hub/app", "v1");
            Assert.Equal(image.Manifest.Bytes, await seen.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task A_push_whose_answer_is_lost_is_seen()
    {
        var (current, losing) = (Manifest(1), true);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Method == "PUT")
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                if (losing)
                {
                    // It wrote, and the line breaks before it can say so.
                    current = new TestBlob(body.ToArray());
                    context.Abort();
                    return;
                }

                context.Response.StatusCode = 201;
            }
            else if (context.Request.Path.Value!.Contains("/manifests/"))
            {
                context.Response.ContentType = TestImage.OciManifest;
                context.Response.Headers["Docker-Content-Digest"] = current.Digest.Value;
                context.Response.ContentLength = current.Bytes.Length;
                await (context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.Body.WriteAsync(current.Bytes).AsTask());
            }
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url, "1h"));
        using var alice = door.Client("alice");
        Assert.Equal(Manifest(1).Bytes, await Get(alice));
        using (var lost = await alice.PutManifest("a/b", "v1", Manifest(2)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, lost.StatusCode);
        }

        Assert.Equal(Manifest(2).Bytes, await Get(alice));

        // Nobody knows when such a write arrives, so for a minute nothing is kept.
        current = Manifest(3);
        Assert.Equal(Manifest(3).Bytes, await Get(alice));

        losing = false;
        using (var told = await alice.PutManifest("a/b", "v1", Manifest(3)))
        {
            Assert.Equal(HttpStatusCode.Created, told.StatusCode);
        }

        Assert.Equal(Manifest(3).Bytes, await Get(alice));
        current = Manifest(4);
        Assert.Equal(Manifest(3).Bytes, await Get(alice));

        static async Task<byte[]> Get(RegistryClient client)
        {
            using var response = await client.GetManifest("a/b", "v1");
            return await response.Content.ReadAsByteArrayAsync();
        }
    }

    [Fact]
    public async Task What_others_cannot_be_told_of_is_not_written()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? 201 : 200;
            return Task.CompletedTask;
        });
        await using var doors = await SplitDoor.Start(CacheTests.Yaml(upstream.Url, "1h"), gateways: 1);
        using var alice = new RegistryClient(doors.Gateways[0], "alice", FrontDoor.PasswordOf("alice"));
        var token = await alice.Token("repository:a/b:pull,push");
        Assert.Equal(HttpStatusCode.Created, (await Put()).StatusCode);
        doors.KillSilo();
        using var refused = await Put();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("nothing was changed", await refused.Content.ReadAsStringAsync());
        Assert.Single(upstream.Requests, request => request.Method == "PUT");

        Task<HttpResponseMessage> Put()
        {
            var manifest = Manifest(1);
            var content = new ByteArrayContent(manifest.Bytes) { Headers = { ContentType = new(TestImage.OciManifest) } };
            return alice.Send(HttpMethod.Put, "/v2/a/b/manifests/v1", token, content);
        }
    }

    [Fact]
    public async Task What_a_repository_holds_is_asked_about_while_the_cluster_is_away()
    {
        var (blob, isThere) = (TestBlob.Random(730, 5000), true);
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path.Value!.Contains("/blobs/"))
            {
                context.Response.StatusCode = isThere ? 200 : 404;
                context.Response.ContentLength = isThere ? blob.Bytes.Length : 0;
                await (context.Request.Method == "HEAD" || !isThere ? Task.CompletedTask
                    : context.Response.Body.WriteAsync(blob.Bytes).AsTask());
            }
        });
        await using var doors = await SplitDoor.Start(CacheTests.Yaml(upstream.Url, "1h"), gateways: 1);
        using var alice = new RegistryClient(doors.Gateways[0], "alice", FrontDoor.PasswordOf("alice"));
        for (var i = 0; i < 2; i++)
        {
            using var pulled = await alice.GetBlob("a/b", blob.Digest);
            await pulled.ShouldBe(HttpStatusCode.OK);
        }

        isThere = false;
        using (var known = await alice.GetBlob("a/b", blob.Digest))
        {
            await known.ShouldBe(HttpStatusCode.OK);
        }

        doors.KillSilo();
        await Eventually.True(
            async () =>
            {
                using var response = await alice.GetBlob("a/b", blob.Digest);
                return response.StatusCode == HttpStatusCode.NotFound;
            },
            "deletions cannot be heard of, so the upstream is asked", TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_push_is_seen_at_once_while_silos_die()
    {
        await using var registry = await DockerRegistry.Start();
        await using var cluster = await DoorCluster.Start(
            registry.Url, silos: 0, gateways: 0, extraRoute: ", cache: true", gatewayExtra: "cache: { path: cache-{n}, tagTtl: 1h }");
        List<DoorCluster.Member> silos = [await cluster.StartSilo(), await cluster.StartSilo()];
        List<DoorCluster.Member> gateways = [await cluster.StartGateway(), await cluster.StartGateway()];
        foreach (var member in silos.Concat(gateways))
        {
            await member.Ready();
        }

        using RegistryClient writer = gateways[0].Client("alice"), reader = gateways[1].Client("alice");
        await writer.PushImage("a/b", "v1", TestImage.Build(735, 10));
        for (var round = 0; round < Support.Sizes.Of(2, 10); round++)
        {
            using (var warm = await reader.GetManifest("a/b", "v1"))
            {
                await warm.ShouldBe(HttpStatusCode.OK);
            }

            // Wherever the grain is that tells gateways: in one of two rounds at least it dies.
            silos[0].Process.Kill();
            silos.RemoveAt(0);
            var image = TestImage.Build(736 + round, 10);
            await Eventually.True(() => TryPush(writer, image), "a push succeeds again", TimeSpan.FromSeconds(60));
            using (var seen = await reader.GetManifest("a/b", "v1"))
            {
                Assert.Equal(image.Manifest.Bytes, await seen.Content.ReadAsByteArrayAsync());
            }

            silos.Add(await cluster.StartSilo());
            await silos[^1].Ready();
        }

        // While the cluster changes a request may fail; what was pushed already is pushed again.
        static async Task<bool> TryPush(RegistryClient client, TestImage image)
        {
            try
            {
                await client.PushImage("a/b", "v1", image);
                return true;
            }
            catch (Exception fault) when (fault is HttpRequestException or Xunit.Sdk.XunitException)
            {
                return false;
            }
        }
    }

    private static TestBlob Manifest(int n) => new(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciManifest}}","n":{{n}}}"""));
}
