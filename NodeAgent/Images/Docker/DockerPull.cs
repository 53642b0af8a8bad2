using Docker.DotNet;
using Docker.DotNet.Models;
using Grpc.Core;
using RegistryProxy.NodeAgent.Images.Pulls;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// Pulls: 1. the name that is pulled for the one that is asked for; 2. the credential; 3. the pull, ended when kubelet goes away or nothing
/// moves; 4. once more when the front door has ended the session meanwhile; 5. the name that was asked for, as a tag; 6. the identifier.
/// </summary>
internal sealed class DockerPull(
    DockerStore store, DockerLookup images, PullCredentials credentials, AgentSettings settings, TimeProvider time)
{
    /// <summary>As containerd's: a layer that another pull is fetching shows no progress of its own.</summary>
    private static readonly TimeSpan ProgressDeadline = TimeSpan.FromMinutes(5);

    public async Task<string> Pull(string reference, Wire.AuthConfig? sent, CancellationToken cancellation)
    {
        if (!ImageName.TryParse(reference, out var asked))
        {
            throw PullFailure.Of(reference, "this is not an image name");
        }

        var pulled = settings.Rewrites.Forward(asked);
        for (var again = true; ; again = false)
        {
            var credential = await Credential(reference, asked, pulled, sent, cancellation);
            if (await Fetch(pulled, credential.Auth, cancellation) is not { } words)
            {
                break;
            }

            if (!again || !PullFailure.IsUnauthorized(words, pulled.ToString()) || !credential.Forget())
            {
                throw PullFailure.Of(reference, words);
            }
        }

        if (pulled != asked && asked is { Tag: { } tag, Digest: null })
        {
            var parameters = new ImageTagParameters { RepositoryName = asked.Repository, Tag = tag };
            await store.Do((client, limit) => client.Images.TagImageAsync(pulled.ToString(), parameters, limit), cancellation);
        }

        return (await images.Find(pulled.ToString(), cancellation))?.ID
            ?? throw PullFailure.Of(reference, "the image was removed while it was pulled");
    }

    private async Task<PullCredential> Credential(
        string reference, ImageName asked, ImageName pulled, Wire.AuthConfig? sent, CancellationToken cancellation)
    {
        var outcome = await credentials.For(asked, pulled, sent, cancellation);
        return outcome.Succeeded(out var credential, out var failure)
            ? credential
            : throw PullFailure.Of(reference, pulled.Domain, failure);
    }

    /// <summary>Pulls; returns what the engine said when it failed.</summary>
    private async Task<string?> Fetch(ImageName name, Wire.AuthConfig? auth, CancellationToken cancellation)
    {
        using var progress = new PullProgress(ProgressDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, progress.Stalled);
        var parameters = new ImagesCreateParameters { FromImage = name.Repository, Tag = name.Digest ?? name.Tag };
        try
        {
            await store.Follow(
                client => client.Images.CreateImageAsync(parameters, Convert(auth, name.Domain), progress, either.Token), either.Token);
            return progress.Error;
        }
        catch (InvalidDataException fault)
        {
            return fault.Message;
        }
        catch (DockerApiException fault)
        {
            return DockerStore.Words(fault);
        }
        catch (OperationCanceledException) when (progress.Stalled.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return $"i/o timeout: the pull made no progress for {ProgressDeadline.TotalMinutes:0} minutes";
        }
        catch (OperationCanceledException)
        {
            throw new RpcException(new Grpc.Core.Status(StatusCode.Cancelled, $"the pull of \"{name}\" was cancelled"));
        }
    }

    /// <summary>
    /// The containerd store sends a credential only to the host that it names, the graph drivers to any: the name is always set.
    /// </summary>
    private static AuthConfig? Convert(Wire.AuthConfig? auth, string host)
    {
        if (auth is null)
        {
            return null;
        }

        var (user, password) = (auth.Username, auth.Password);
        if (user.Length == 0 && BasicPair.Read(auth.Auth) is { } pair)
        {
            (user, password) = (pair.User, pair.Password.Reveal());
        }

        return new AuthConfig
        {
            Username = user, Password = password, ServerAddress = host == "docker.io" ? "https://index.docker.io/v1/" : host,
            IdentityToken = NullIfEmpty(auth.IdentityToken), RegistryToken = NullIfEmpty(auth.RegistryToken),
        };
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
