using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Nodes whose image names cannot change: containerd pulls from a mirror on loopback that adds the node's identity.</summary>
public sealed class MirrorTests(Lab lab)
{
    [Fact]
    public async Task Containerd_pulls_existing_names_through_the_door_and_nobody_else_borrows_the_identity()
    {
        await using var door = await NodeDoor.Start(lab);
        var containerd = await lab.Containerd;
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/mirrored", "v1", TestImage.Build(390, 50_000));
        await alice.PushImage("secret/mirrored", "v1", TestImage.Build(391, 5000));
        var mirror = $"http://127.0.0.1:{FreePort.Next()}";
        await using var agent = await Agent.Start(door.Agent(
            "{ type: aws-iid, authenticator: legacy }", await ContainerdNode.Settings(lab, door),
            $"mirror: {{ listen: \"{mirror}\", frontDoors: {{ mirrored.example: \"{door.Door.DataUrl}\" }} }}"));
        var secret = await File.ReadAllTextAsync(Path.Combine(agent.StateDir, "mirror-secret"));
        Assert.Equal("600", (await Shell.Run("stat", ["-c", "%a", Path.Combine(agent.StateDir, "mirror-secret")])).Output.Trim());
        containerd.WriteHosts("mirrored.example", $"""
            server = "https://mirrored.example"
            [host."{mirror}"]
              capabilities = ["pull", "resolve"]
              [host."{mirror}".header]
                X-RegistryProxy-Mirror = ["{secret}"]
            """);

        var id = await agent.Images.Pull("mirrored.example/nodes/mirrored:v1");
        Assert.Equal(id, (await agent.Images.Status("mirrored.example/nodes/mirrored:v1"))!.Id);
        Assert.Contains("mirrored.example", await agent.Images.FailedPull("mirrored.example/secret/mirrored:v1"));
        Assert.Equal(1, door.Metadata.Proofs);

        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Forbidden, await Status("GET", "/v2/nodes/mirrored/manifests/v1?ns=mirrored.example", null));
        Assert.Equal(HttpStatusCode.Forbidden, await Status("GET", "/v2/nodes/mirrored/manifests/v1?ns=mirrored.example", "guess"));
        Assert.Equal(HttpStatusCode.OK, await Status("GET", "/v2/nodes/mirrored/manifests/v1?ns=mirrored.example", secret));
        Assert.Equal(HttpStatusCode.OK, await Status("HEAD", "/v2/nodes/mirrored/manifests/v1?ns=mirrored.example", secret));
        Assert.Equal(HttpStatusCode.Forbidden, await Status("GET", "/v2/secret/mirrored/manifests/v1?ns=mirrored.example", secret));
        Assert.Equal(HttpStatusCode.NotFound, await Status("GET", "/v2/nodes/mirrored/manifests/v1?ns=elsewhere.example", secret));
        Assert.Equal(HttpStatusCode.NotFound, await Status("GET", "/v2/nodes/mirrored/manifests/v1", secret));
        Assert.Equal(HttpStatusCode.NotFound, await Status("GET", "/token?ns=mirrored.example", secret));
        Assert.Equal(HttpStatusCode.MethodNotAllowed,
            await Status("POST", "/v2/nodes/mirrored/blobs/uploads/?ns=mirrored.example", secret));
        Assert.DoesNotContain(secret, agent.Log);

        async Task<HttpStatusCode> Status(string method, string target, string? header)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), mirror + target);
            request.Headers.TryAddWithoutValidation("Accept", TestImage.OciManifest);
            if (header is not null)
            {
                request.Headers.Add("X-RegistryProxy-Mirror", header);
            }

            using var response = await http.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_session_that_was_ended_is_opened_anew()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/again", "v1", TestImage.Build(392, 5000));
        var mirror = $"http://127.0.0.1:{FreePort.Next()}";
        await using var agent = await Agent.Start(door.Agent(
            "{ type: aws-iid, authenticator: legacy }", await ContainerdNode.Settings(lab, door),
            $"mirror: {{ listen: \"{mirror}\", frontDoors: {{ mirrored.example: \"{door.Door.DataUrl}\" }} }}"));
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add(
            "X-RegistryProxy-Mirror", await File.ReadAllTextAsync(Path.Combine(agent.StateDir, "mirror-secret")));
        http.DefaultRequestHeaders.Add("Accept", TestImage.OciManifest);
        Assert.NotEmpty(await http.GetStringAsync($"{mirror}/v2/nodes/again/manifests/v1?ns=mirrored.example"));
        using var revoked = await http.PostAsync(
            $"{door.Door.AdminUrl}/admin/sessions/revoke",
            new StringContent("{\"tenant\":\"acme\",\"subject\":\"" + door.Instance + "\"}", System.Text.Encoding.UTF8,
                "application/json"));
        Assert.True(revoked.IsSuccessStatusCode);
        await Eventually.True(
            async () => (await http.GetAsync($"{mirror}/v2/nodes/again/manifests/v1?ns=mirrored.example")).IsSuccessStatusCode,
            "the mirror serves again");
        Assert.Equal(2, door.Metadata.Proofs);
    }
}
