using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Gateways that change the list of referrers of one manifest take turns: what one reads, no other changes before it has written. The key
/// names the upstream's address, the repository there and the tag of the list.
/// </summary>
[Version(0), Alias("rp.IReferrersGrain")]
public interface IReferrersGrain : IGrainWithStringKey
{
    /// <summary>
    /// Waits for a turn, for a second at most; whether it is that turn now. Who is not told so asks again with the same name, and keeps its
    /// place; it loses it when it is silent for five seconds.
    /// </summary>
    /// <param name="turn">The name of the turn, chosen by who asks.</param>
    /// <param name="cancellation">Ends the question.</param>
    [Alias("Enter"), ResponseTimeout("00:00:03")]
    ValueTask<bool> Enter(Guid turn, CancellationToken cancellation = default);

    /// <summary>Ends a turn, or gives up its place; whether it was that turn until now.</summary>
    /// <param name="turn">The name of the turn.</param>
    /// <param name="cancellation">Ends the question.</param>
    [Alias("Leave"), ResponseTimeout("00:00:03")]
    ValueTask<bool> Leave(Guid turn, CancellationToken cancellation = default);
}

/// <summary>How long turns take.</summary>
public static class ReferrersTurn
{
    /// <summary>From then on it is somebody else's turn, whatever became of this one.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);
}
