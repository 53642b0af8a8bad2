using Docker.DotNet.Models;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Names;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>The images of the Docker Engine, in the words of the CRI.</summary>
internal sealed class DockerImages(DockerStore store, DockerLookup lookup, DockerSizes sizes, DockerConversion conversion)
{
    /// <summary>One image, looked for by name, digest or identifier.</summary>
    public Task<ImageInspectResponse?> Find(string reference, CancellationToken cancellation) => lookup.Find(reference, cancellation);

    /// <summary>All images, those of a repository, or the one that a filter names.</summary>
    public async Task<IEnumerable<Image>> List(ImageFilter? filter, CancellationToken cancellation)
    {
        var (wanted, repository) = (filter?.Image?.Image ?? "", ImageName.RepositoryOf(filter?.Image?.Image ?? ""));
        if (wanted.Length > 0 && (ImageId.IsOne(wanted) || repository is null))
        {
            return await lookup.Find(wanted, cancellation) is { } one ? [await Describe(one, cancellation)] : [];
        }

        var listed = await store.Query((client, limit) => client.Images.ListImagesAsync(new ImagesListParameters(), limit), cancellation);
        return listed.Select(conversion.Convert).Where(image => repository is null || IsOf(image, repository));
    }

    public async Task<Image> Describe(ImageInspectResponse image, CancellationToken cancellation) =>
        conversion.Convert(image, await sizes.Of(image, cancellation));

    private static bool IsOf(Image image, string repository) =>
        image.RepoTags.Concat(image.RepoDigests).Any(known => ImageName.TryParse(known, out var name) && name.Repository == repository);
}
