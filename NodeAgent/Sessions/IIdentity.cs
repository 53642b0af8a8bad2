namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>A way to prove who this node, job or person is.</summary>
internal interface IIdentity
{
    /// <summary>How long a proof takes that needs nobody.</summary>
    static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    /// <summary>How long a proof may take.</summary>
    TimeSpan Timeout => DefaultTimeout;

    /// <summary>Proves it to a front door.</summary>
    Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation);
}
