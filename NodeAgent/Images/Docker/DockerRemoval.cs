using Docker.DotNet;
using Docker.DotNet.Models;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>Removes an image under all of its names, whichever of them it is named by. What is gone already is no failure.</summary>
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
            try
            {
                foreach (var name in (image.RepoTags ?? []).Concat(image.RepoDigests ?? []).Append(image.ID))
                {
                    await Delete(name, cancellation);
                }

                return;
            }
            catch (DockerApiException) when (round < Rounds)
            {
                reference = image.ID;
            }
        }
    }

    private Task Delete(string name, CancellationToken cancellation) => store.Do(
        async client =>
        {
            try
            {
                await client.Images.DeleteImageAsync(name, new ImageDeleteParameters(), cancellation);
            }
            catch (DockerImageNotFoundException)
            {
                // It went with another of its names, or somebody else removed it.
            }
        },
        cancellation);
}
