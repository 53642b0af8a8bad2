using Docker.DotNet;
using Docker.DotNet.Models;
using Grpc.Core;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// Removes an image under all of its names, whichever of them it is named by: all or none, since an image that a container uses, or that
/// another image was made of, keeps them. What is gone already is no failure.
/// </summary>
internal sealed class DockerRemoval(DockerStore store, DockerLookup images)
{
    /// <summary>
    /// Others may remove the same image, of which the engine says one thing or another: after this many rounds the failure is a true one.
    /// </summary>
    private const int Rounds = 3;

    public async Task Remove(string reference, CancellationToken cancellation)
    {
        for (var round = 1; await images.Find(reference, cancellation) is { } image; round++)
        {
            await RefuseUsed(image.ID, cancellation);
            List<string> removed = [];
            try
            {
                foreach (var name in (image.RepoTags ?? []).Concat(image.RepoDigests ?? []).Append(image.ID))
                {
                    await Delete(name, cancellation);
                    removed.Add(name);
                }

                return;
            }
            catch (DockerApiException)
            {
                if (await images.Find(image.ID, cancellation) is not null)
                {
                    await GiveBack(image.ID, removed.Intersect(image.RepoTags ?? []), cancellation);
                    await RefuseUsed(image.ID, cancellation);
                }

                if (round >= Rounds)
                {
                    throw;
                }

                reference = image.ID;
            }
        }
    }

    /// <exception cref="RpcException">Something needs the image, so it keeps its names.</exception>
    private async Task RefuseUsed(string id, CancellationToken cancellation)
    {
        var user = await UserOf(id, cancellation) is { } container ? $"is used by the container {container}"
            : await ChildOf(id, cancellation) is { } child ? $"is what the image {child} was made of" : null;
        if (user is not null)
        {
            throw new RpcException(new Grpc.Core.Status(
                StatusCode.Unknown, $"conflict: the image {id} {user}, so it keeps all of its names"));
        }
    }

    /// <summary>An image that was built or committed from this one, in a store that knows; <c>null</c> when there is none.</summary>
    private async Task<string?> ChildOf(string id, CancellationToken cancellation)
    {
        var all = await store.Query(
            (client, limit) => client.Images.ListImagesAsync(new ImagesListParameters { All = true }, limit), cancellation);
        return all.FirstOrDefault(image => image.ParentID == id)?.ID;
    }

    /// <summary>A container of the image, running or not; <c>null</c> when there is none.</summary>
    private async Task<string?> UserOf(string id, CancellationToken cancellation)
    {
        var containers = await store.Query(
            (client, limit) => client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, limit), cancellation);
        return containers.FirstOrDefault(container => container.ImageID == id)?.ID;
    }

    /// <summary>
    /// The image is there still, so its names come back; not where somebody else has removed it by now, or has given a name to another
    /// image.
    /// </summary>
    private async Task GiveBack(string id, IEnumerable<string> tags, CancellationToken cancellation)
    {
        foreach (var tag in tags.Where(tag => !tag.Contains('@', StringComparison.Ordinal)))
        {
            if (await images.Find(tag, cancellation) is not null)
            {
                continue;
            }

            var colon = tag.LastIndexOf(':');
            var parameters = new ImageTagParameters { RepositoryName = tag[..colon], Tag = tag[(colon + 1)..] };
            await IfThere((client, limit) => client.Images.TagImageAsync(id, parameters, limit), cancellation);
        }
    }

    private Task Delete(string name, CancellationToken cancellation) => IfThere(
        (client, limit) => client.Images.DeleteImageAsync(name, new ImageDeleteParameters(), limit), cancellation);

    /// <summary>What is not there went with another of its names, or somebody else removed it.</summary>
    private Task IfThere(Func<IDockerClient, CancellationToken, Task> order, CancellationToken cancellation) => store.Do(
        async (client, limit) =>
        {
            try
            {
                await order(client, limit);
            }
            catch (DockerImageNotFoundException)
            {
                // Nothing is left to be done.
            }
        },
        cancellation);
}
