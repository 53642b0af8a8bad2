using Docker.DotNet.Models;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Images.Wire;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// How much room images take. kubelet asks often and does not start without an answer, so the sum is kept for a while and made anew behind
/// the back of those who get the old one.
/// </summary>
internal sealed class DockerUsage(DockerStore store, TimeProvider time)
{
    private static readonly TimeSpan Serves = TimeSpan.FromSeconds(30);

    private readonly SingleFlight<Measured> _measuring = new();
    private volatile Measured? _known;

    public async Task<ImageFsInfoResponse> Info(CancellationToken cancellation)
    {
        var known = _known;
        var measuring = known is null || time.GetSteadyNow() - known.Taken >= Serves ? _measuring.Join(Measure) : null;
        var measured = known ?? await measuring!.WaitAsync(cancellation);
        var response = new ImageFsInfoResponse();
        response.ImageFilesystems.Add(Usage(measured, measured.ImageBytes));
        response.ContainerFilesystems.Add(Usage(measured, measured.ContainerBytes));
        return response;
    }

    private async Task<Measured> Measure()
    {
        var root = (await store.Query((client, limit) => client.System.GetSystemInfoAsync(limit), CancellationToken.None)).DockerRootDir;
        var images = await store.Query(
            (client, limit) => client.Images.ListImagesAsync(
                new ImagesListParameters { All = true, SharedSize = true }, limit), CancellationToken.None);
        var containers = await store.Query(
            (client, limit) => client.Containers.ListContainersAsync(
                new ContainersListParameters { All = true, Size = true }, limit), CancellationToken.None);
        return _known = new Measured(
            root, ImageBytes(images), containers.Sum(container => container.SizeRw ?? 0), time.GetUtcNow(), time.GetSteadyNow());
    }

    /// <summary>
    /// What each image has for itself, and each size that several share once. Engines before API 1.42 do not say what is shared.
    /// </summary>
    private static long ImageBytes(IList<ImagesListResponse> images) =>
        images.Sum(
            image => image.Size - Math.Max(0, image.SharedSize)) + images.Select(image => Math.Max(0, image.SharedSize)).Distinct().Sum();

    private static FilesystemUsage Usage(Measured measured, long bytes)
    {
        var usage = new FilesystemUsage
        {
            Timestamp = measured.At.ToUnixTimeMilliseconds() * 1_000_000,
            FsId = new FilesystemIdentifier { Mountpoint = measured.Root },
            UsedBytes = new UInt64Value { Value = (ulong)Math.Max(0, bytes) },
        };
        if (Inodes.UsedOn(measured.Root) is { } inodes)
        {
            usage.InodesUsed = new UInt64Value { Value = inodes };
        }

        return usage;
    }

    private sealed record Measured(string Root, long ImageBytes, long ContainerBytes, DateTimeOffset At, TimeSpan Taken);
}
