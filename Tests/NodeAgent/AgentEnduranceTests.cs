using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.NodeAgent.Images.Cri;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Months of pulls: those that end well, those that kubelet gives up, and those that the runtime drops.</summary>
[Collection(AloneCollection.Name)]
public sealed class AgentEnduranceTests
{
    private const string Session = "rpr_canary-of-the-session";
    private const string Password = "canary-of-the-node";

    [Fact]
    public async Task Thousands_of_pulls_leave_no_file_open_no_memory_taken_and_no_secret_anywhere()
    {
        var pulled = 0;
        await using var door = await RecordingUpstream.Start(context => context.Response.WriteAsync(
            $$"""{"token":"t","expires_in":600,"refresh_token":"{{Session}}","refresh_expires_in":3600}"""));
        await using var runtime = await UnixServer.Start(HttpProtocols.Http2, context => Serve(context, () => pulled++));
        await using var agent = await Agent.Start($$"""
            runtime: { type: cri, endpoint: "unix://{{runtime.Socket}}" }
            frontDoors: [{ url: "{{door.Url}}", images: ["front.example"], hosts: ["front.example"], identity: { type: password, username: u, password: { value: "{{Password}}" } } }]
            """);
        await Pull(agent, 500);
        var (files, memory) = (FilesOf(agent), MegabytesOf(agent));
        await Pull(agent, Sizes.Of(2000, 20_000));
        await Eventually.True(() => FilesOf(agent) <= files + 10, $"{FilesOf(agent)} files are open, not {files}");
        Assert.True(MegabytesOf(agent) <= memory + 40, $"{MegabytesOf(agent)} MB, and {memory} MB before");
        Assert.True(pulled > 500);

        var said = agent.Log + await File.ReadAllTextAsync($"/proc/{agent.Pid}/cmdline");
        Assert.DoesNotContain("canary", said);
        Assert.Single(door.Requests);
    }

    private static Task Pull(Agent agent, int count) => Parallel.ForAsync(
        0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, _) =>
        {
            using var patience = new CancellationTokenSource();
            var kind = number % 20 == 0 ? "slow" : number % 20 == 1 ? "dropped" : "good";
            var pull = agent.Images.Pull($"front.example/{kind}/x{number}:v1", null, patience.Token);
            if (kind == "slow")
            {
                patience.CancelAfter(50);
            }

            if (kind == "good")
            {
                Assert.Equal("sha256:x", await pull);
            }
            else
            {
                await Assert.ThrowsAsync<RpcException>(() => pull);
            }
        });

    private static async Task Serve(HttpContext context, Action pulled)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = PullImageRequest.Parser.ParseFrom(body.ToArray().AsSpan(GrpcMessage.Prefix));
        if (request.Auth.Password != Session || request.Image.Image.Contains("/dropped/"))
        {
            context.Abort();
            return;
        }

        if (request.Image.Image.Contains("/slow/"))
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        pulled();
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(GrpcMessage.Frame(new PullImageResponse { ImageRef = "sha256:x" }));
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static int FilesOf(Agent agent) => Directory.EnumerateFileSystemEntries($"/proc/{agent.Pid}/fd").Count();

    private static int MegabytesOf(Agent agent) => int.Parse(
        File.ReadLines($"/proc/{agent.Pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
}
