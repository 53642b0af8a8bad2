using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>A node whose runtime keeps its images on a disk that is soon full.</summary>
internal sealed class SmallNode : IAsyncDisposable
{
    /// <summary>Docker unpacks what it has downloaded beside it, containerd keeps the download too.</summary>
    private const int Megabytes = 24;

    private readonly SmallDisk _disk;
    private readonly IAsyncDisposable _runtime;

    private SmallNode(SmallDisk disk, IAsyncDisposable runtime, string settings) => (_disk, _runtime, Runtime) = (disk, runtime, settings);

    /// <summary>The agent's <c>runtime</c> settings.</summary>
    public string Runtime { get; }

    public string Disk => _disk.Path;

    public static async Task<SmallNode> Start(bool docker, NodeDoor door)
    {
        var disk = await SmallDisk.Mount(Megabytes);
        var root = Path.Combine(disk.Path, "images");
        if (docker)
        {
            var engine = await DockerEngine.Start(root);
            return new SmallNode(disk, engine, DockerNode.Settings(engine));
        }

        var containerd = await Containerd.Start(root);
        return new SmallNode(disk, containerd, ContainerdNode.Settings(containerd, door));
    }

    public async ValueTask DisposeAsync()
    {
        await _runtime.DisposeAsync();
        await _disk.DisposeAsync();
    }
}
