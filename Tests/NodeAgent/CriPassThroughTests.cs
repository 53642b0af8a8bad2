using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>In front of another image service, what is unknown here passes as it came.</summary>
public sealed class CriPassThroughTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    [Fact]
    public async Task Unknown_calls_fields_and_metadata_pass_and_a_pull_gains_a_credential_and_nothing_else()
    {
        byte[] received = [];
        await using var runtime = await UnixServer.Start(HttpProtocols.Http2, async context => received = await Echo(context));
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, $"{{ type: cri, endpoint: \"unix://{runtime.Socket}\" }}"));

        var future = new Method<byte[], byte[]>(MethodType.Unary, "runtime.v1.ImageService", "FromTheFuture", Bytes, Bytes);
        var call = agent.Images.Calls.AsyncUnaryCall(
            future, null, new CallOptions(
                new Metadata { { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }, { "x-bin", [1, 2, 255] } },
                DateTime.UtcNow.AddSeconds(30)), [8, 1, 250, 7, 1, 65]);
        Assert.Equal([8, 1, 250, 7, 1, 65], await call);
        Assert.Equal("of the runtime", call.GetTrailers().GetValue("x-own"));
        var request = runtime.Requests.Last();
        Assert.Equal(("/runtime.v1.ImageService/FromTheFuture", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            (request.Target, request.Headers["traceparent"]));
        Assert.NotEmpty(request.Headers["Grpc-Timeout"]);

        // Of the message: a field of the request, of the image and of the pod that this program does not know.
        byte[] pull = [.. Pull($"{door.Authority}/nodes/x:v1"), 0xfa, 0x3e, 1, 65];
        var method = new Method<byte[], byte[]>(MethodType.Unary, "runtime.v1.ImageService", "PullImage", Bytes, Bytes);
        Assert.NotEmpty(await agent.Images.Calls.AsyncUnaryCall(method, null, default, pull));
        var forwarded = PullImageRequest.Parser.ParseFrom(received);
        Assert.Equal(("_session", $"https://{door.Authority}"), (forwarded.Auth.Username, forwarded.Auth.ServerAddress));
        forwarded.Auth = null;
        Assert.Equal(PullImageRequest.Parser.ParseFrom(pull), forwarded);

        // As kubelets before 1.26 say it.
        var old = new Method<byte[], byte[]>(MethodType.Unary, "runtime.v1alpha2.ImageService", "PullImage", Bytes, Bytes);
        Assert.NotEmpty(await agent.Images.Calls.AsyncUnaryCall(old, null, default, pull));
        Assert.Equal("/runtime.v1alpha2.ImageService/PullImage", runtime.Requests.Last().Target);
        Assert.Equal("_session", PullImageRequest.Parser.ParseFrom(received).Auth.Username);

        byte[] others = [.. Pull("registry.example/x:v1"), 0xfa, 0x3e, 1, 65];
        await agent.Images.Calls.AsyncUnaryCall(method, null, default, others);
        Assert.Equal(others, received);
    }

    [Fact]
    public async Task Cancellation_reaches_the_runtime()
    {
        var (asked, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var runtime = await UnixServer.Start(HttpProtocols.Http2, async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            asked.TrySetResult();
            await gone.Task;
        });
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, $"{{ type: cri, endpoint: \"unix://{runtime.Socket}\" }}"));
        using var cancel = new CancellationTokenSource();
        var pull = agent.Images.Pull($"{door.Authority}/nodes/x:v1", null, cancel.Token);
        await asked.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => pull);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Pulls_that_wait_keep_kubelet_from_nothing_else()
    {
        var pulling = 0;
        await using var runtime = await UnixServer.Start(HttpProtocols.Http2, async context =>
        {
            if (context.Request.Path.Value!.EndsWith("/PullImage", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref pulling);
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await Echo(context);
        });
        await using var agent = await Agent.Start($$"""
            runtime: { type: cri, endpoint: "unix://{{runtime.Socket}}" }
            frontDoors: [{ url: "http://127.0.0.1:1", images: ["127.0.0.1:1"], identity: { type: password, username: u, password: { value: p } } }]
            """);
        using var end = new CancellationTokenSource();
        var pulls = Enumerable.Range(0, 150).Select(number => agent.Images.Pull($"elsewhere.example/x{number}:v1", null, end.Token)).ToList();
        await Eventually.True(() => Volatile.Read(ref pulling) == 150, "every pull has begun");
        await agent.Images.Calls.AsyncUnaryCall(
            new Method<byte[], byte[]>(MethodType.Unary, "runtime.v1.ImageService", "ImageStatus", Bytes, Bytes), null,
            new CallOptions(deadline: DateTime.UtcNow.AddMinutes(2)), []);
        await end.CancelAsync();
        foreach (var pull in pulls)
        {
            await Assert.ThrowsAsync<RpcException>(() => pull);
        }
    }

    [Fact]
    public async Task Agents_stand_in_a_chain_and_nobody_but_the_owner_reaches_them()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/chain", "v1", TestImage.Build(360, 5000));
        await using var inner = await Agent.Start(
            door.Agent("{ type: password, username: nobody, password: { value: wrong } }", await ContainerdNode.Settings(lab, door)));
        await using var outer = await Agent.Start(door.Agent(Legacy, $"{{ type: cri, endpoint: \"unix://{inner.Socket}\" }}"));
        var id = await outer.Images.Pull($"{door.Authority}/nodes/chain:v1");
        Assert.Equal(id, (await outer.Images.Status(id))!.Id);
        Assert.Equal("600", (await Shell.Run("stat", ["-c", "%a", outer.Socket])).Output.Trim());
        Assert.Equal("700", (await Shell.Run("stat", ["-c", "%a", Path.GetDirectoryName(outer.Socket)!])).Output.Trim());

        // Were the modes wide open, the kernel would still tell who is at the other end.
        (await Shell.Run("chmod", ["-R", "a+rwX", Path.GetDirectoryName(Path.GetDirectoryName(outer.Socket)!)!])).ShouldSucceed();
        var stranger = await Shell.Run(
            "setpriv", ["--reuid", "65534", "--clear-groups", "curl", "-sS", "--unix-socket",
                Path.Combine(Path.GetDirectoryName(outer.Socket)!, "agent.sock"), "http://agent/livez"]);
        stranger.ShouldFail("curl");
        (await Shell.Run("curl",
            ["-sS", "--unix-socket", Path.Combine(Path.GetDirectoryName(outer.Socket)!, "agent.sock"),
                "http://agent/livez"])).ShouldSucceed();
    }

    [Fact]
    public async Task The_secret_of_a_pod_is_used_instead_of_the_nodes_identity_until_its_robot_is_revoked()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/secret", "v1", TestImage.Build(361, 5000));
        using var admin = new RobotAdmin(door.Door.AdminUrl);
        var secret = new AuthConfig { Username = "robot$cri", Password = await admin.Create("cri", ["nodes/**"], ["pull"]) };
        await using var agent = await Agent.Start(
            door.Agent("{ type: password, username: nobody, password: { value: wrong } }", await ContainerdNode.Settings(lab, door)));
        var image = $"{door.Authority}/nodes/secret:v1";
        await agent.Images.Pull(image, secret);
        await admin.Revoke("cri");
        await Eventually.True(
            async () =>
            {
                await agent.Images.Remove(image);
                return await Record.ExceptionAsync(() => agent.Images.Pull(image, secret)) is RpcException;
            },
            "a robot that is revoked pulls nothing", TimeSpan.FromSeconds(5));
    }

    private static byte[] Pull(string image)
    {
        // user_specified_image is known; field 999 of the image and field 7 of the pod are not.
        byte[] spec = [.. new ImageSpec { Image = image, UserSpecifiedImage = "typed", RuntimeHandler = "kata" }.ToByteArray(),
            0xba, 0x3e, 1, 66];
        byte[] pod = [0x3a, 1, 67];
        return [10, (byte)spec.Length, .. spec, 26, (byte)pod.Length, .. pod];
    }

    private static async Task<byte[]> Echo(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var message = body.ToArray();
        Assert.Equal((uint)(message.Length - 5), BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(1)));
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(message);
        context.Response.AppendTrailer("x-own", "of the runtime");
        context.Response.AppendTrailer("grpc-status", "0");
        return message[5..];
    }
}
