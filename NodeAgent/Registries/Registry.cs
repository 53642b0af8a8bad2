using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Registries;

/// <summary>A front door, how it is asked, and this node's session there.</summary>
/// <param name="Settings">Its entry of the file.</param>
/// <param name="Client">How it is asked.</param>
/// <param name="Session">The session of this node; <c>null</c> where workloads alone prove themselves.</param>
internal sealed record Registry(RegistrySettings Settings, RegistryTokenClient Client, RegistrySession? Session)
{
    public Uri Url => Settings.Url;

    /// <summary>The session of this node.</summary>
    public async ValueTask<Outcome<RegistryCredential>> LogIn(CancellationToken cancellation) =>
        Session is { } session ? await session.Get(cancellation) : NoIdentity();

    /// <summary>The session of this node, which was not ended meanwhile.</summary>
    public async ValueTask<Outcome<RegistryCredential>> LogInConfirmed(CancellationToken cancellation) =>
        Session is { } session ? await session.GetConfirmed(cancellation) : NoIdentity();

    private RegistryFailure NoIdentity() => RegistryFailure.NoProof(
        $"only pods authenticate at {Client.Authority} (frontDoors has no identity for it), and this pull came without a service account "
            + "token");
}
