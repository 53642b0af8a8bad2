using Google.Protobuf;
using Grpc.Core;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Whatever comes over the socket, the agent stays up and answers.</summary>
public sealed class AgentFuzzTests(Lab lab)
{
    private const int Seed = 20260;

    private static readonly string[] Calls = ["ListImages", "StreamImages", "ImageStatus", "PullImage", "RemoveImage", "ImageFsInfo",
        "FromTheFuture"];
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_message_brings_the_agent_down(bool docker)
    {
        await using var engine = await ContainerdStoreEngine.Start();
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(
            "{ type: aws-iid, authenticator: legacy }", docker ? $"{{ type: docker, endpoint: \"unix://{engine.Socket}\" }}"
                : await ContainerdNode.Settings(lab, door)));
        var random = new Random(Seed);
        var messages = Enumerable.Range(0, Sizes.Of(2000, 50_000))
            .Select(_ => (Calls[random.Next(Calls.Length)], Message(random, door.Authority))).ToList();
        await Parallel.ForEachAsync(messages, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (message, cancellation) =>
        {
            var method = new Method<byte[], byte[]>(MethodType.Unary, "runtime.v1.ImageService", message.Item1, Bytes, Bytes);
            try
            {
                await agent.Images.Calls.AsyncUnaryCall(method, null,
                    new CallOptions(deadline: DateTime.UtcNow.AddSeconds(60), cancellationToken: cancellation), message.Item2);
            }
            catch (RpcException answer)
            {
                Assert.NotEqual(StatusCode.DeadlineExceeded, answer.StatusCode);
                Assert.NotEqual("Exception was thrown by handler.", answer.Status.Detail);
            }
        });
        Assert.Null(await agent.Images.Status($"{door.Authority}/nodes/after:v1"));
        Assert.DoesNotContain("Unhandled", agent.Log);
        Assert.Equal(0, await agent.Terminate());
    }

    /// <summary>
    /// A third are bytes, a third are true messages with some bytes changed, a third are true messages with strange names.
    /// </summary>
    private static byte[] Message(Random random, string host)
    {
        var kind = random.Next(3);
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        if (kind == 0)
        {
            return bytes;
        }

        string[] names = ["", ":", "@", "a@sha256:", "../../x", $"{host}/", $"{host}/A:v1", "x\0y", new string('a', 5000),
            "sha256:" + new string('0', 64), $"http://{host}/x", "[::1]:5000/x", $"{host}/nodes/fuzz:v1"];
        var image = new ImageSpec { Image = names[random.Next(names.Length)] };
        var whole = new PullImageRequest
        {
            Image = image, Auth = random.Next(2) == 0 ? null
                : new AuthConfig { Auth = Convert.ToBase64String(bytes), ServerAddress = names[random.Next(names.Length)] }
        }.ToByteArray();
        for (var i = 0; kind == 1 && i < 3; i++)
        {
            whole[random.Next(whole.Length)] = (byte)random.Next(256);
        }

        return whole;
    }
}
