using Docker.DotNet.Models;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>Where the images of an engine are: kubelet removes images when that disk is full.</summary>
internal static class ImageDisk
{
    /// <summary>What the engine calls its store when containerd keeps the images.</summary>
    private const string ContainerdDriver = "io.containerd.snapshotter.v1";

    /// <summary>Where containerd keeps what it has when it is a service of its own.</summary>
    private const string Containerd = "/var/lib/containerd";

    /// <summary>The folder: the engine's own, or that of the containerd which the engine starts, or else which it uses.</summary>
    public static string Of(SystemInfoResponse engine)
    {
        if (engine.DriverStatus?.Any(line => line is ["driver-type", ContainerdDriver]) != true)
        {
            return engine.DockerRootDir;
        }

        string[] folders = [Path.Combine(engine.DockerRootDir, "containerd", "daemon"), Containerd];
        return Array.Find(folders, Directory.Exists) ?? engine.DockerRootDir;
    }
}
