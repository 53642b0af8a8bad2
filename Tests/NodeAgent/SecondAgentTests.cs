using System.Net.Sockets;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Sockets on which somebody answers stay his, and an agent removes none but its own.</summary>
public sealed class SecondAgentTests(Lab lab)
{
    [Fact]
    public async Task A_second_agent_is_refused_and_the_first_serves_on()
    {
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent("{ type: aws-iid, authenticator: legacy }", await DockerNode.Settings(lab)));
        var second = await agent.Run(null, "serve");
        Assert.Equal(2, second.ExitCode);
        second.ShouldFail("another agent serves in");
        Assert.NotEmpty((await agent.Images.FsInfo()).ImageFilesystems);

        // Killed, it leaves its sockets behind: the next one takes them.
        await agent.Restart();
        Assert.NotEmpty((await agent.Images.FsInfo()).ImageFilesystems);

        // Somebody else has taken the name meanwhile.
        File.Delete(agent.Socket);
        using var other = Listen(agent.Socket);
        Assert.Equal(0, await agent.Terminate());
        Assert.True(Path.Exists(agent.Socket));
        Assert.False(Path.Exists(Path.Combine(Path.GetDirectoryName(agent.Socket)!, "agent.sock")));
    }

    [Fact]
    public async Task What_others_have_under_the_name_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        var socket = folder.File("run/image.sock");
        Directory.CreateDirectory(folder.File("run"));
        var config = folder.Write("nodeagent.yaml", $"listen: unix://{socket}\nstateDir: {folder.File("state")}\n");
        using (Listen(socket))
        {
            (await Serve(config)).ShouldFail($"process {Environment.ProcessId} answers there");
            Assert.True(Path.Exists(socket));
        }

        File.Delete(socket);
        folder.Write("run/image.sock", "a file of somebody's");
        (await Serve(config)).ShouldFail("there is a file that is no socket");
        Assert.Equal("a file of somebody's", await File.ReadAllTextAsync(socket));
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.File("run")), file => file.Contains(".sock."));
    }

    private static Task<ShellResult> Serve(string config) => Shell.Run("dotnet", [Agent.Dll, "serve", "--config", config]);

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }
}
