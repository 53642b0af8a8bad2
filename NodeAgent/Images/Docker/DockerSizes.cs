using Docker.DotNet.Models;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// The size of an image as lists tell it. The containerd store tells another one of a single image, without what is unpacked: kubelet would
/// free less or more than it thinks.
/// </summary>
internal sealed class DockerSizes(DockerStore store)
{
    /// <summary>The size in bytes.</summary>
    public async ValueTask<long> Of(ImageInspectResponse image, CancellationToken cancellation)
    {
        // There the identifier is the digest of the manifest; with a graph driver it is that of the configuration, which no name has.
        var name = image.RepoDigests?.Concat(image.RepoTags ?? []).FirstOrDefault(
            name => name.EndsWith($"@{image.ID}", StringComparison.Ordinal));
        if (name is null)
        {
            return image.Size;
        }

        var parameters = new ImagesListParameters
        {
            Filters = new Dictionary<string, IDictionary<string,
                bool>> { ["reference"] = new Dictionary<string, bool> { [name[..name.IndexOf('@')]] = true } },
        };
        var listed = await store.Query((client, limit) => client.Images.ListImagesAsync(parameters, limit), cancellation);
        return listed.FirstOrDefault(one => one.ID == image.ID)?.Size ?? image.Size;
    }
}
