namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>What systemd says of a unit; what it does not say is <c>null</c>, and taken for the usual.</summary>
/// <param name="Load">Whether its file was read, such as <c>loaded</c>, <c>masked</c> or <c>not-found</c>.</param>
/// <param name="Active">Whether it runs, such as <c>active</c>, <c>inactive</c> or <c>failed</c>.</param>
/// <param name="Since">When it last became active, by the clock that counts from the boot.</param>
internal readonly record struct UnitState(string? Load, string? Active, TimeSpan? Since)
{
    public bool CanStart => Load is null or "loaded";

    /// <summary>Whether nobody started it, or somebody stopped it; one that fails was started.</summary>
    public bool IsStopped => Active == "inactive";

    /// <summary>Whether it runs, or is on its way to.</summary>
    public bool IsStarted => Active is null or "active" or "activating" or "reloading";

    /// <summary>Whether it has been active for so long.</summary>
    public bool HasRun(TimeSpan time, TimeProvider clock) =>
        Active is null || (Active == "active" && (Since is not { } since || clock.GetElapsedTime(0) - since >= time));
}
