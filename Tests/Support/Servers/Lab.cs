using System.Collections.Concurrent;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

[assembly: AssemblyFixture(typeof(Lab))]

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Real servers that the whole run shares, each started when a test first asks for it.</summary>
public sealed class Lab : IAsyncLifetime
{
    private readonly ConcurrentBag<IAsyncDisposable> _started = [];
    private readonly Lazy<Task<DockerEngine>> _docker;
    private readonly Lazy<Task<Containerd>> _containerd;
    private readonly Lazy<Task<DockerRegistry>> _registry;
    private readonly Lazy<Task<DockerRegistry>> _basicRegistry;
    private readonly Lazy<Task<Slapd>> _directory;
    private readonly Lazy<Task<FrontDoor>> _door;
    private readonly Lazy<Task<FrontDoor>> _encryptedDoor;
    private readonly Lazy<Task<NodeDoorServer>> _nodes;

    public Lab()
    {
        _docker = Shared<DockerEngine>(() => DockerEngine.Start());
        _containerd = Shared<Containerd>(() => Servers.Containerd.Start());
        _registry = Shared<DockerRegistry>(() => DockerRegistry.Start());
        _basicRegistry = Shared<DockerRegistry>(() => DockerRegistry.Start(basic: true));
        _directory = Shared<Slapd>(Slapd.Start);
        _encryptedDoor = Shared<FrontDoor>(() => FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), encrypted: true));
        _nodes = Shared<NodeDoorServer>(async () => await NodeDoorServer.Start(await Registry));
        _door = Shared<FrontDoor>(async () => await FrontDoor.Start(DoorConfiguration.Shared(await Registry, await BasicRegistry)));
    }

    internal Task<DockerEngine> Docker => _docker.Value;

    internal Task<Containerd> Containerd => _containerd.Value;

    /// <summary>An open registry.</summary>
    internal Task<DockerRegistry> Registry => _registry.Value;

    /// <summary>A registry with Basic authentication.</summary>
    internal Task<DockerRegistry> BasicRegistry => _basicRegistry.Value;

    /// <summary>A directory server.</summary>
    internal Task<Slapd> Directory => _directory.Value;

    /// <summary>A front door before both, under <see cref="DoorConfiguration.Shared"/>.</summary>
    internal Task<FrontDoor> Door => _door.Value;

    /// <summary>A front door with TLS, before nothing.</summary>
    internal Task<FrontDoor> EncryptedDoor => _encryptedDoor.Value;

    /// <summary>A front door for nodes of every cloud.</summary>
    internal Task<NodeDoorServer> Nodes => _nodes.Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _started)
        {
            await server.DisposeAsync();
        }
    }

    private Lazy<Task<T>> Shared<T>(Func<Task<T>> start)
        where T : IAsyncDisposable => new(async () =>
    {
        var server = await start();
        _started.Add(server);
        return server;
    });
}
