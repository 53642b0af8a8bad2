using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Images.Pulls;

/// <summary>
/// What a runtime is given to pull with: what kubelet sent, where it is for the host that is contacted; otherwise, for an image of a front
/// registry, this node's session there; otherwise nothing. No credential goes to a host it is not for.
/// </summary>
internal sealed class PullCredentials(RegistryDirectory registries)
{
    private static readonly string[] DockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <param name="asked">The name that kubelet asked for.</param>
    /// <param name="pulled">The name that is pulled.</param>
    /// <param name="sent">What kubelet sent.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What the pull carries; a failure when the image is of a front door that gives no session.</returns>
    public async ValueTask<Outcome<PullCredential>> For(ImageName asked, ImageName pulled, AuthConfig? sent, CancellationToken cancellation)
    {
        if (sent is not null && HasContent(sent) && IsFor(sent, asked, pulled.Domain))
        {
            return new PullCredential(sent, null, null);
        }

        if (registries.Find(pulled) is not { } registry)
        {
            return new PullCredential(null, null, null);
        }

        var outcome = await registry.LogIn(cancellation);
        if (!outcome.Succeeded(out var session, out var failure))
        {
            return failure;
        }

        var auth = new AuthConfig { Username = session.Username, Password = session.Password.Reveal(),
            ServerAddress = $"https://{pulled.Domain}" };
        return new PullCredential(auth, registry, session);
    }

    private static bool HasContent(AuthConfig auth) =>
        auth.Password.Length > 0 || auth.Auth.Length > 0 || auth.IdentityToken.Length > 0 || auth.RegistryToken.Length > 0;

    /// <summary>Without an address, what kubelet sends is for the host of the name that it asked for.</summary>
    private static bool IsFor(AuthConfig auth, ImageName asked, string host)
    {
        var address = auth.ServerAddress.Length == 0 ? asked.Domain : HostOf(auth.ServerAddress);
        return address == host || (DockerHub.Contains(address) && DockerHub.Contains(host));
    }

    private static string HostOf(string address)
    {
        var text = address.Contains("://", StringComparison.Ordinal)
            ? address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..]
            : address;
        return text.Split('/')[0];
    }
}

/// <summary>What a pull carries.</summary>
/// <param name="Auth">The credential; <c>null</c> for none.</param>
/// <param name="Registry">The front door whose session it is; <c>null</c> when kubelet sent it.</param>
/// <param name="Session">That session.</param>
internal sealed record PullCredential(AuthConfig? Auth, Registry? Registry, RegistryCredential? Session)
{
    /// <summary>The front door did not take the session: the next pull proves the node anew. <c>false</c> when it was no session.</summary>
    public bool Forget()
    {
        if (Session is null)
        {
            return false;
        }

        Registry?.Session?.Forget(Session);
        return true;
    }

    public override string ToString() => "PullCredential";
}
