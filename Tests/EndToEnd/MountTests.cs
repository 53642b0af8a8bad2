using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Blobs that are mounted from where they are, whatever the client knows of that and the upstream says.</summary>
public sealed class MountTests(Lab lab)
{
    [Fact]
    public async Task A_mount_without_a_source_finds_one_that_the_caller_may_pull()
    {
        var door = await lab.Door;
        var blob = TestBlob.Random(1820, 1000);
        using var alice = door.Client("alice");
        using var dave = door.Client("dave");
        await alice.PushBlob("team-a/mount-source", blob);
        using var without = await Mount(alice, "team-a/mount-target", blob, RegistryClient.Push("team-a/mount-target"));
        await without.ShouldBe(HttpStatusCode.Accepted);
        using var mounted = await Mount(alice, "team-a/mount-target", blob,
            $"{RegistryClient.Push("team-a/mount-target")} {RegistryClient.Pull("team-a/mount-source")}");
        await mounted.ShouldBe(HttpStatusCode.Created);
        using var there = await alice.GetBlob("team-a/mount-target", blob.Digest);
        Assert.Equal(blob.Bytes, await there.Content.ReadAsByteArrayAsync());
        using var foreign = await Mount(dave, "team-d/mount-target", blob, RegistryClient.Push("team-d/mount-target"));
        await foreign.ShouldBe(HttpStatusCode.Accepted);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.Created)]
    [InlineData(false, HttpStatusCode.Accepted)]
    public async Task A_mount_is_one_when_the_blob_is_there(bool isThere, HttpStatusCode expected)
    {
        var blob = TestBlob.Random(1821, 10);
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Query.ContainsKey("mount") ? 201
                : HttpMethods.IsPost(context.Request.Method) ? 202
                : isThere || context.Request.Path == "/v2/" ? 200 : 404;
            context.Response.Headers.Location = "/v2/target/blobs/uploads/1";
            return Task.CompletedTask;
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var mounted = await Mount(
            alice, "target", blob, $"{RegistryClient.Push("target")} {RegistryClient.Pull("source")}", "&from=source");
        await mounted.ShouldBe(expected);
        Assert.StartsWith(isThere ? $"/v2/target/blobs/{blob.Digest}" : "/v2/target/blobs/uploads/",
            mounted.Headers.Location!.OriginalString);
    }

    private static Task<HttpResponseMessage> Mount(RegistryClient client, string target, TestBlob blob, string scope, string from = "") =>
        client.Do(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?mount={blob.Digest}{from}", scope);
}
