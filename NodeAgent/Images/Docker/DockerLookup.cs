using Docker.DotNet;
using Docker.DotNet.Models;
using RegistryProxy.NodeAgent.Names;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// Finds an image by identifier, tag or digest. A name that is rewritten is looked for as it was asked, then as it is pulled, so that
/// nothing has to be remembered. What is found is checked: the engine also takes the beginning of an identifier for a name.
/// </summary>
internal sealed class DockerLookup(DockerStore store, NameMap names)
{
    public async Task<ImageInspectResponse?> Find(string reference, CancellationToken cancellation)
    {
        if (ImageId.IsOne(reference))
        {
            return await Inspect(reference, cancellation) is { } byId && ImageId.Same(byId.ID, reference) ? byId : null;
        }

        if (!ImageName.TryParse(reference, out var asked))
        {
            return null;
        }

        foreach (var name in new[] { asked, names.Forward(asked) }.Distinct())
        {
            if (await Inspect(name.ToString(), cancellation) is { } image && Carries(image, name))
            {
                return image;
            }
        }

        return null;
    }

    private Task<ImageInspectResponse?> Inspect(string reference, CancellationToken cancellation) => store.Query<ImageInspectResponse?>(
        async (client, limit) =>
        {
            try
            {
                return await client.Images.InspectImageAsync(reference, limit);
            }
            catch (DockerImageNotFoundException)
            {
                return null;
            }
        },
        cancellation);

    /// <summary>
    /// Where both a tag and a digest were asked for, the digest decides. The containerd store has digests among its tags.
    /// </summary>
    private static bool Carries(ImageInspectResponse image, ImageName name) =>
        (image.RepoTags ?? []).Concat(image.RepoDigests ?? []).Any(
            known => ImageName.TryParse(known, out var parsed) && parsed.Means(name));
}
