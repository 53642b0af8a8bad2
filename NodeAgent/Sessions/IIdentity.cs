namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>A way to prove who this node, job or person is.</summary>
internal interface IIdentity
{
    /// <summary>How long a proof may take.</summary>
    TimeSpan Patience => TimeSpan.FromSeconds(20);

    /// <summary>Proves it to a front door.</summary>
    Task<Outcome<DoorCredential>> LogIn(DoorClient door, CancellationToken cancellation);
}
