namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// How long the parts of a login may take. Who waits outside waits longer than who works inside, so that a slow answer is an answer, and
/// nothing that counts is asked for twice because somebody grew impatient.
/// </summary>
public static class LoginTimes
{
    /// <summary>The least that clients wait for an answer of the token endpoint: Docker 15 s.</summary>
    public static readonly TimeSpan Client = TimeSpan.FromSeconds(15);

    /// <summary>What a gateway waits for its cluster.</summary>
    public static readonly TimeSpan Gateway = TimeSpan.FromSeconds(14);

    /// <summary>What a gateway's call to an relay of the cluster may take.</summary>
    public const string RelayCall = "00:00:13.500";

    /// <summary>What the relay's call to the login may take.</summary>
    public const string LoginCall = "00:00:13";

    /// <summary>What a login takes at most: the proof, and opening the session.</summary>
    public static readonly TimeSpan Login = TimeSpan.FromSeconds(12.5);

    /// <summary>
    /// What a proof takes at most: waiting for other tries of the same address, then the authenticators, each of which has a limit of its
    /// own.
    /// </summary>
    public static readonly TimeSpan Proof = TimeSpan.FromSeconds(9.5);
}
