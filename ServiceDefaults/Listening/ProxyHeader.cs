using System.Net;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>How far a PROXY header could be read.</summary>
internal enum ProxyHeaderState
{
    /// <summary>There is more to come.</summary>
    Incomplete,

    /// <summary>It is there, whole.</summary>
    Complete,

    /// <summary>It is none.</summary>
    Malformed,
}

/// <summary>
/// What a load balancer says of the connection that it carries (PROXY protocol of HAProxy, version 1 §2.1 and 2 §2.2).
/// </summary>
/// <param name="State">Whether it could be read.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Client">Who connected; <c>null</c> when the load balancer itself did (LOCAL), or does not say (UNKNOWN, UNSPEC).</param>
internal readonly record struct ProxyHeader(ProxyHeaderState State, int Length = 0, IPEndPoint? Client = null)
{
    /// <summary>The longest that is read, in bytes: a header of version 2 with its additions.</summary>
    public const int MaxLength = 4096;

    public static ProxyHeader Incomplete { get; } = new(ProxyHeaderState.Incomplete);

    public static ProxyHeader Malformed { get; } = new(ProxyHeaderState.Malformed);

    /// <summary>Reads the beginning of a connection.</summary>
    public static ProxyHeader Read(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [] => Incomplete,
        [(byte)'P', ..] => ProxyHeaderText.Read(bytes),
        [0x0D, ..] => ProxyHeaderBinary.Read(bytes),
        _ => Malformed,
    };
}
