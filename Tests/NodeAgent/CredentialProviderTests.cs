using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>kubelet's credential provider, run as kubelet runs it.</summary>
public sealed class CredentialProviderTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";
    private const string Workloads = ", workloads: { authenticator: k8s, audience: registry }";

    [Fact]
    public async Task A_node_gets_a_credential_from_the_agent_or_alone_that_opens_its_images()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/provided", "v1", TestImage.Build(370, 1000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        for (var i = 0; i < 2; i++)
        {
            var answer = await Provide(agent, Request($"{door.Authority}/nodes/provided"));
            Assert.Equal("_session", answer.User);
            Assert.InRange(answer.Cached, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
            Assert.Equal(HttpStatusCode.OK, await Opens(door, answer, "nodes/provided"));
            Assert.Equal(HttpStatusCode.Forbidden, await Opens(door, answer, "secret/provided"));
        }

        Assert.Equal(1, door.Metadata.Proofs);
        Assert.Equal(0, await agent.Terminate());
        Assert.Equal(HttpStatusCode.OK,
            await Opens(door, await Provide(agent, Request($"{door.Authority}/nodes/provided")), "nodes/provided"));
        Assert.Equal(2, door.Metadata.Proofs);
    }

    [Fact]
    public async Task A_workload_gets_what_its_own_token_opens_and_never_the_nodes()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/workload", "v1", TestImage.Build(371, 1000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab), extraDoor: Workloads));
        var image = $"{door.Authority}/nodes/workload";

        var puller = await Provide(agent, Request(image, door.ServiceAccountToken("puller")));
        Assert.Equal("_k8s", puller.User);
        Assert.InRange(puller.Cached, TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(9));
        Assert.Equal(HttpStatusCode.OK, await Opens(door, puller, "nodes/workload"));

        // The node may pull this image, another pod may not: the pod's token counts.
        var other = await Provide(agent, Request(image, door.ServiceAccountToken("other")));
        Assert.Equal(HttpStatusCode.Forbidden, await Opens(door, other, "nodes/workload"));
        Assert.Equal(TimeSpan.Zero, (await Provide(agent, Request(image, door.ServiceAccountToken("puller", seconds: 30)))).Cached);
        Assert.Equal(0, door.Metadata.Proofs);

        await using var nodesOnly = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        (await nodesOnly.Run(Request(image, door.ServiceAccountToken("puller")), "credential-provider")).ShouldFail(
            "the node's identity is not used in its place");
        (await agent.Run(Request(image, "not-a-token"), "credential-provider")).ShouldFail("is not a token with an end");
    }

    [Fact]
    public async Task Images_of_others_get_an_empty_answer_and_failures_are_told_on_standard_error()
    {
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        var foreign = await agent.Run(Request("registry.example/app"), "credential-provider");
        Assert.Equal(
            """{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image","cacheDuration":"0s","auth":{}}""", foreign.Output);
        door.Metadata.Account = "999999999999";
        (await agent.Run(Request($"{door.Authority}/x"), "credential-provider")).ShouldFail(
            "the account or region of this instance is not one of 'legacy'");
        string[] hostile =
        [
            "", "[]", "{}", "null", Request("") , Request("UPPER/case"), Request("x").Replace("/v1", "/v1beta1"), Request("x")
                .Replace("CredentialProviderRequest", "Other"),
            new string(' ', (1024 * 1024) + 1),
        ];
        foreach (var request in hostile)
        {
            var result = await agent.Run(request, "credential-provider");
            Assert.Equal(1, result.ExitCode);
            Assert.DoesNotContain("Unhandled", result.Output);
        }
    }

    private static string Request(string image, string? token = null) => JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["kind"] = "CredentialProviderRequest", ["apiVersion"] = "credentialprovider.kubelet.k8s.io/v1", ["image"] = image,
        ["serviceAccountToken"] = token,
        ["serviceAccountAnnotations"] = token is null ? null : new { team = "a" },
    });

    private static async Task<(string User, string Password, TimeSpan Cached)> Provide(Agent agent, string request)
    {
        var result = await agent.Run(request, "credential-provider");
        result.ShouldSucceed();
        using var json = JsonDocument.Parse(result.Output);
        var root = json.RootElement;
        Assert.Equal(["kind", "apiVersion", "cacheKeyType", "cacheDuration", "auth"],
            root.EnumerateObject().Select(property => property.Name));
        Assert.Equal("Registry", root.GetProperty("cacheKeyType").GetString());
        var duration = root.GetProperty("cacheDuration").GetString()!.TrimEnd('s').Split('m');
        var auth = Assert.Single(root.GetProperty("auth").EnumerateObject()).Value;
        Assert.Equal(["username", "password"], auth.EnumerateObject().Select(property => property.Name));
        return (auth.GetProperty("username").GetString()!, auth.GetProperty("password").GetString()!,
            TimeSpan.FromSeconds((int.Parse(duration[0]) * 60) + int.Parse(duration[1])));
    }

    private static async Task<HttpStatusCode> Opens(NodeDoor door, (string User, string Password, TimeSpan) answer, string repository)
    {
        using var client = new RegistryClient(door.Door.DataUrl, answer.User, answer.Password);
        using var response = await client.GetManifest(repository, "v1");
        return response.StatusCode;
    }
}
