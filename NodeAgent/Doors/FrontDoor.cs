using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Doors;

/// <summary>A front door, how it is asked, and this node's session there.</summary>
/// <param name="Settings">Its entry of the file.</param>
/// <param name="Client">How it is asked.</param>
/// <param name="Session">The session of this node; <c>null</c> where workloads alone prove themselves.</param>
internal sealed record FrontDoor(DoorSettings Settings, DoorClient Client, DoorSession? Session)
{
    public Uri Url => Settings.Url;

    /// <summary>The session of this node.</summary>
    /// <exception cref="DoorException">There is none, and why.</exception>
    public ValueTask<DoorCredential> LogIn(CancellationToken cancellation) => OfNode().Get(cancellation);

    /// <summary>The session of this node, which was not ended meanwhile.</summary>
    /// <exception cref="DoorException">There is none, and why.</exception>
    public ValueTask<DoorCredential> LogInConfirmed(CancellationToken cancellation) => OfNode().GetConfirmed(cancellation);

    private DoorSession OfNode() => Session
        ?? throw new DoorException(DoorFailure.NoProof, $"only workloads prove themselves at {Url.Authority} (frontDoors has no identity for it), and this pull came without their token");
}
