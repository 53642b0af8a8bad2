using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>What the agent costs a node. Published natively only in the long run: that takes a minute.</summary>
[Collection(AloneCollection.Name)]
public sealed class AgentSizeTests(Lab lab, ITestOutputHelper output)
{
    private const string Settings = """
        runtime: { type: docker, endpoint: "unix:///nonexistent.sock" }
        frontDoors: [{ url: "http://127.0.0.1:1", images: ["127.0.0.1:1"], identity: { type: aws-iid, authenticator: legacy }, workloads: { authenticator: k8s } }]
        """;

    /// <summary>What the node's identity answers, which the running agent has: kubelet asks again for each pull.</summary>
    private const string Warm =
        """{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"AUTHORITY/nodes/x"}""";

    private const string Request =
        """{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"127.0.0.1:1/x","serviceAccountToken":"e30.eyJleHAiOjQxMDI0NDQ4MDB9.x"}""";

    [Fact]
    public async Task It_is_small_and_idle()
    {
        await using var agent = await Agent.Start(Settings);
        await Eventually.True(async () => await TicksIn(agent.Pid, TimeSpan.FromSeconds(2)) <= 2, "it does nothing once it is warm");
        var resident = ResidentMegabytes(agent.Pid);
        output.WriteLine($"agent on the .NET runtime: {resident} MB resident");
        Assert.True(resident <= 90, $"{resident} MB");
    }

    [Fact]
    public async Task Published_natively_it_starts_and_answers_kubelet_at_once()
    {
        if (!Sizes.Full)
        {
            // The same questions to the agent on the runtime; only the long run has the program whose times count.
            using var settings = new TemporaryFolder();
            var file = settings.Write("nodeagent.yaml", Settings);
            (await Shell.Run("dotnet", [Agent.Dll, "credential-provider", "--config", file], Request)).ShouldSucceed();
            return;
        }

        using var folder = new TemporaryFolder();
        var (program, config) = (await Publish(folder),
            folder.Write("nodeagent.yaml",
                $"listen: unix://{folder.File("run/image.sock")}\nstateDir: {folder.File("state")}\n{Settings}"));
        var watch = Stopwatch.StartNew();
        await using var agent = ChildProcess.Start(program, ["serve", "--config", config]);
        await Eventually.True(() => File.Exists(folder.File("run/image.sock")), "it listens");
        var start = watch.Elapsed;
        await Task.Delay(3000);
        var resident = ResidentMegabytes(agent.Id);

        List<TimeSpan> times = [];
        for (var i = 0; i < 20; i++)
        {
            watch.Restart();
            (await Shell.Run(program, ["credential-provider", "--config", config], Request)).ShouldSucceed();
            times.Add(watch.Elapsed);
        }

        var slowest = times.Order().ElementAt(18);
        output.WriteLine(
            $"native agent: listens after {start.TotalMilliseconds:F0} ms, {resident} MB resident, kubelet answered " +
            $"in {slowest.TotalMilliseconds:F0} ms (19th of 20)");
        Assert.True(start < TimeSpan.FromMilliseconds(300), $"{start}");
        Assert.True(resident <= 45, $"{resident} MB");
        Assert.True(slowest < TimeSpan.FromMilliseconds(150), string.Join(' ', times));
    }

    [Fact]
    public async Task The_running_agent_answers_kubelets_provider_in_milliseconds_with_a_session_that_was_checked()
    {
        await using var door = await NodeDoor.Start(lab);
        using var folder = new TemporaryFolder();
        var program = Sizes.Full ? await Publish(folder) : null;
        var config = folder.Write("nodeagent.yaml", $"""
            listen: unix://{folder.File("run/image.sock")}
            stateDir: {folder.File("state")}
            {door.Agent("{ type: aws-iid, authenticator: legacy }", "{ type: docker, endpoint: \"unix:///nonexistent.sock\" }")}
            """);
        string[] Words(string command) => [.. program is null ? [Agent.Dll] : (string[])[], command, "--config", config];
        await using var agent = ChildProcess.Start(program ?? "dotnet", Words("serve"));
        await Eventually.True(() => File.Exists(folder.File("run/agent.sock")), "it listens");
        List<TimeSpan> times = [];
        for (var i = 0; i < (Sizes.Full ? 20 : 2); i++)
        {
            var watch = Stopwatch.StartNew();
            var answer = await Shell.Run(
                program ?? "dotnet", Words("credential-provider"), Warm.Replace("AUTHORITY", door.Authority, StringComparison.Ordinal));
            times.Add(watch.Elapsed);
            answer.ShouldSucceed();
            Assert.Contains("\"username\":\"_session\"", answer.Output);
        }

        // The first one opened the session that the agent has, and the door confirms.
        Assert.Equal(1, door.Metadata.Proofs);
        if (Sizes.Full)
        {
            var slowest = times.Order().ElementAt(18);
            output.WriteLine($"kubelet answered by the running agent in {slowest.TotalMilliseconds:F0} ms (19th of 20)");
            Assert.True(slowest < TimeSpan.FromMilliseconds(150), string.Join(' ', times));
        }
    }

    private static async Task<string> Publish(TemporaryFolder folder)
    {
        var project = Path.Combine(Path.GetDirectoryName(Agent.Dll)!, "../../../NodeAgent.csproj");
        (await Shell.Run("dotnet",
            ["publish", project, "-c", "Release", "-r", "linux-x64", "-o", folder.File("out"), "-v", "quiet", "-nologo"])).ShouldSucceed();
        return folder.File("out/RegistryProxy.NodeAgent");
    }

    private static long ResidentMegabytes(int pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;

    private static async Task<long> TicksIn(int pid, TimeSpan span)
    {
        var before = Ticks(pid);
        await Task.Delay(span);
        return Ticks(pid) - before;
    }

    private static long Ticks(int pid)
    {
        var fields = File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(fields[11]) + long.Parse(fields[12]);
    }
}
