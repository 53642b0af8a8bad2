using Docker.DotNet;
using Docker.DotNet.Models;
using Grpc.Core;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// Removes an image under all of its names, whichever of them it is named by: all or none, since an image that a container uses keeps them.
/// What is gone already is no failure.
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
                if (await UserOf(image.ID, cancellation) is not null)
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

    /// <exception cref="RpcException">A container uses the image, so nothing was removed.</exception>
    private async Task RefuseUsed(string id, CancellationToken cancellation)
    {
        if (await UserOf(id, cancellation) is { } container)
        {
            throw new RpcException(new Grpc.Core.Status(StatusCode.Unknown,
                $"conflict: the image {id} is used by the container {container}, so it keeps all of its names"));
        }
    }

    /// <summary>A container of the image, running or not; <c>null</c> when there is none.</summary>
    private async Task<string?> UserOf(string id, CancellationToken cancellation)
    {
        var containers = await store.Query(
            (client, limit) => client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, limit), cancellation);
        return containers.FirstOrDefault(container => container.ImageID == id)?.ID;
    }

    /// <summary>A container was made of the image meanwhile: its names come back.</summary>
    private async Task GiveBack(string id, IEnumerable<string> tags, CancellationToken cancellation)
    {
        foreach (var tag in tags.Where(tag => !tag.Contains('@', StringComparison.Ordinal)))
        {
            var colon = tag.LastIndexOf(':');
            var parameters = new ImageTagParameters { RepositoryName = tag[..colon], Tag = tag[(colon + 1)..] };
            await store.Do((client, limit) => client.Images.TagImageAsync(id, parameters, limit), cancellation);
        }
    }

    private Task Delete(string name, CancellationToken cancellation) => store.Do(
        async (client, limit) =>
        {
            try
            {
                await client.Images.DeleteImageAsync(name, new ImageDeleteParameters(), limit);
            }
            catch (DockerImageNotFoundException)
            {
                // It went with another of its names, or somebody else removed it.
            }
        },
        cancellation);
}
