using RegistryProxy.Background;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// A credential that this process got, and when by its own time: the clock of a node is often wrong until a time server sets it, after
/// the first login, and what ends by the clock alone then counts for hours or years too long.
/// </summary>
/// <param name="Credential">The credential.</param>
/// <param name="Since">When it was made (<see cref="SteadyTime"/>).</param>
internal sealed record HeldCredential(RegistryCredential Credential, TimeSpan Since)
{
    /// <summary>Whether it may be handed out: neither the clock nor its age says that it ends.</summary>
    public bool IsUsable(TimeProvider time) => !IsPast(Credential.UsableUntil, time);

    /// <summary>Whether a new one should be fetched beside it.</summary>
    public bool IsDue(TimeProvider time) => IsPast(Credential.RefreshAt, time);

    private bool IsPast(DateTimeOffset moment, TimeProvider time) =>
        time.GetUtcNow() >= moment || time.GetSteadyNow() - Since >= moment - Credential.Issued;

    public override string ToString() => "HeldCredential";
}
