using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Control;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>A session that the front door ended costs no pull, and an agent that hangs does not keep kubelet's provider.</summary>
public sealed class EndedSessionTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_pull_is_lost_and_no_pull_warns_of_anything(bool docker)
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        var image = $"{door.Authority}/nodes/ended-{docker}:v1".ToLowerInvariant();
        await alice.PushImage($"nodes/ended-{docker}".ToLowerInvariant(), "v1", TestImage.Build(342, 5000));
        await using var agent = await Agent.Start(
            door.Agent(Legacy, docker ? await DockerNode.Settings(lab) : await ContainerdNode.Settings(lab, door)));
        await agent.Images.Pull(image);
        await agent.Images.Remove(image);
        await End(door);
        await agent.Images.Pull(image);
        Assert.Equal(2, door.Metadata.Proofs);
        await agent.Images.Remove(image);
        Assert.DoesNotContain("warn: ", agent.Log);
    }

    [Fact]
    public async Task The_provider_hands_out_no_session_that_is_over()
    {
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        var settings = Parse(await File.ReadAllTextAsync(agent.ConfigFile));
        var question = new CredentialQuestion($"{door.Authority}/nodes/x", null);
        var first = await CredentialLookup.Find(settings, question, TimeProvider.System, default);
        Assert.Equal(first, await CredentialLookup.Find(settings, question, TimeProvider.System, default));
        await End(door);
        Assert.NotEqual(first.Password, (await CredentialLookup.Find(settings, question, TimeProvider.System, default)).Password);
        Assert.Equal(2, door.Metadata.Proofs);
    }

    [Fact]
    public async Task An_agent_that_hangs_is_given_five_seconds()
    {
        using var folder = new TemporaryFolder();
        var (time, asked) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new TaskCompletionSource());
        await using var hung = await UnixServer.Start(HttpProtocols.Http1, async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await using var door = await NodeDoor.Start(lab);
        Directory.CreateDirectory(folder.File("run"));
        File.CreateSymbolicLink(folder.File("run/agent.sock"), hung.Socket);
        var settings = Parse(
            $"listen: unix://{folder.File("run/image.sock")}\nstateDir: {folder.File("state")}\n{door.Agent(Legacy, "{ type: docker }")}");
        var reply = CredentialLookup.Find(settings, new CredentialQuestion($"{door.Authority}/nodes/x", null), time, default);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        time.Advance(CredentialLookup.AgentTimeout);
        Assert.Equal("_session", (await reply.WaitAsync(TimeSpan.FromSeconds(60))).Username);
    }

    private static AgentSettings Parse(string yaml)
    {
        var (settings, errors) = SettingsFile.Parse(yaml, "nodeagent.yaml");
        Assert.Empty(errors);
        return settings!;
    }

    private static async Task End(NodeDoor door)
    {
        using var admin = new HttpClient();
        using var revoked = await admin.PostAsync(
            $"{door.Door.AdminUrl}/admin/sessions/revoke",
            new StringContent("{\"tenant\":\"acme\",\"subject\":\"" + door.Instance + "\"}", System.Text.Encoding.UTF8,
                "application/json"));
        Assert.True(revoked.IsSuccessStatusCode, await revoked.Content.ReadAsStringAsync());
    }
}
