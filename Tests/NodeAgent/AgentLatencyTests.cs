using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Images that are here cost nothing extra while the front door is down and pulls through it fail.</summary>
[Collection(AloneCollection.Name)]
public sealed class AgentLatencyTests(Lab lab)
{
    private const int Calls = 200;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_status_takes_fifty_milliseconds_at_most_in_99_of_100(bool docker)
    {
        using var pushing = (await lab.Door).Client("alice");
        await pushing.PushImage("public/latency", "v1", TestImage.Build(398, 1000));
        var host = (await lab.Door).Authority;
        if (!docker)
        {
            (await lab.Containerd).WriteHosts(host, $"[host.\"http://{host}\"]\n");
        }

        var runtime = docker ? await DockerNode.Settings(lab) : $"{{ type: cri, endpoint: \"unix://{(await lab.Containerd).Socket}\" }}";
        await using var agent = await Agent.Start($$"""
            runtime: {{runtime}}
            frontDoors: [{ url: "http://127.0.0.1:1", images: ["127.0.0.1:1"], identity: { type: password, username: u, password: { value: p } } }]
            """);
        var image = $"{host}/public/latency:v1";
        await agent.Images.Pull(image);

        // Others use this machine too: one undisturbed round out of several is asked for.
        await Eventually.True(async () => await SlowestButOneInAHundred(agent, image) <= TimeSpan.FromMilliseconds(50),
            "99 of 100 answers come within 50 ms", TimeSpan.FromSeconds(60));
        await agent.Images.Remove(image);
    }

    private static async Task<TimeSpan> SlowestButOneInAHundred(Agent agent, string image)
    {
        var failing = Task.WhenAll(Enumerable.Range(0, 20).Select(number => agent.Images.FailedPull($"127.0.0.1:1/gone-{number}:v1")));
        List<TimeSpan> times = [];
        for (var i = 0; i < Calls; i++)
        {
            var watch = Stopwatch.StartNew();
            Assert.NotNull(await agent.Images.Status(image));
            times.Add(watch.Elapsed);
        }

        Assert.All(await failing, words => Assert.StartsWith("RegistryUnavailable: ", words));
        return times.Order().ElementAt((Calls * 99 / 100) - 1);
    }
}
