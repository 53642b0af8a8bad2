using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>A node with its front door, shared by the tests of a class.</summary>
public abstract class NodeFixture(Lab lab) : IAsyncLifetime
{
    private const string Identity = "{ type: aws-iid, authenticator: legacy }";

    internal Agent Agent { get; private set; } = null!;

    internal NodeDoor Door { get; private set; } = null!;

    internal Lab Lab => lab;

    internal KubeletImages Images => Agent.Images;

    public async ValueTask InitializeAsync()
    {
        Door = await NodeDoor.Start(lab);
        Agent = await Agent.Start(Door.Agent(Identity, await Runtime()));
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        await Door.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The agent's <c>runtime</c> settings.</summary>
    protected abstract Task<string> Runtime();
}

/// <summary>A node with a real Docker Engine.</summary>
public sealed class DockerNode(Lab lab) : NodeFixture(lab)
{
    internal static async Task<string> Settings(Lab lab) => Settings(await lab.Docker);

    internal static string Settings(DockerEngine engine) => $"{{ type: docker, endpoint: \"unix://{engine.SocketPath}\" }}";

    protected override Task<string> Runtime() => Settings(Lab);
}

/// <summary>A node with a real containerd.</summary>
public sealed class ContainerdNode(Lab lab) : NodeFixture(lab)
{
    /// <summary>The runtime of the agent; containerd learns to speak plain http to the door, under both of its names.</summary>
    internal static async Task<string> Settings(Lab lab, NodeDoor door) => Settings(await lab.Containerd, door);

    internal static string Settings(Containerd containerd, NodeDoor door)
    {
        foreach (var host in new[] { door.Authority, door.OtherAuthority })
        {
            containerd.WriteHosts(host, $"[host.\"http://{host}\"]\n");
        }

        return $"{{ type: cri, endpoint: \"unix://{containerd.Socket}\" }}";
    }

    protected override Task<string> Runtime() => Settings(Lab, Door);
}

/// <summary>
/// A node whose Docker Engine has the containerd image store: a real one where the machine has it, else what answers as one.
/// </summary>
public sealed class ContainerdStoreNode(Lab lab) : NodeFixture(lab)
{
    private IAsyncDisposable? _engine;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }
    }

    protected override async Task<string> Runtime()
    {
        if (NewerClients.Engine is { } programs)
        {
            var real = await DockerEngine.StartWithContainerdStore(programs);
            _engine = real;
            return DockerNode.Settings(real);
        }

        var engine = await ContainerdStoreEngine.Start(Door.Door.DataUrl);
        _engine = engine;
        return $"{{ type: docker, endpoint: \"unix://{engine.Socket}\" }}";
    }
}
