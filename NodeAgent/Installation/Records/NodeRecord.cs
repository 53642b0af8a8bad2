using RegistryProxy.NodeAgent.Installation.Files;

namespace RegistryProxy.NodeAgent.Installation.Records;

/// <summary>
/// What is installed on a node, or is being installed, and what was there before. It is written before anything that it speaks of is done,
/// so that whoever comes after an end in the middle goes on from there.
/// </summary>
internal sealed record NodeRecord
{
    public static readonly NodeRecord Empty = new() { Platform = "" };

    public required string Platform { get; init; }

    public IReadOnlyList<TargetRecord> Targets { get; init; } = [];

    public IReadOnlyList<Place> Places { get; init; } = [];

    /// <summary>Programs that targets need or needed and that are to be removed when none does.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Links likewise.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Folders that were not there before, the outermost first.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>Where the agent listens, has its state, and so leaves files of its own.</summary>
    public string? Listen { get; init; }

    public string? StateDir { get; init; }

    /// <summary>The agent has to be started or restarted.</summary>
    public bool AgentIsPending { get; init; }

    /// <summary>kubelet has to be restarted and watched.</summary>
    public bool KubeletIsPending { get; init; }

    /// <summary>kubelet was restarted with the files of the change that is being made, and uses the agent until the next restart.</summary>
    public bool KubeletHasRead { get; init; }

    /// <summary>The unit that runs kubelet, where it has to be restarted; <c>null</c> when nobody has looked.</summary>
    public string? KubeletUnit { get; init; }

    /// <summary>That unit was stopped before the change that is being made, so nobody starts it.</summary>
    public bool KubeletIsStopped { get; init; }

    /// <summary>kubelet did not stay up before the change that is being made: that it does not afterwards proves nothing.</summary>
    public bool KubeletWasDown { get; init; }

    /// <summary>Which program the change that is being made installs; <c>null</c> where an earlier version did not say.</summary>
    public string? ProgramDigest { get; init; }

    /// <summary>The record before the change that is being made, to which a failure goes back; <c>null</c> when none is.</summary>
    public NodeRecord? Former { get; init; }

    /// <summary>Whether a change is being made, from nothing or from <see cref="Former"/>.</summary>
    public bool IsChanging { get; init; }

    public TargetRecord? Target(string name) => Targets.FirstOrDefault(target => target.Name == name);

    /// <summary>Whether a target needs the agent to serve.</summary>
    public bool NeedsAgent() => Targets.Any(target => target.NeedsAgent);

    /// <summary>Programs and links that no target needs any more.</summary>
    public IEnumerable<string> Unneeded() =>
    [
        .. Links.Where(link => !Targets.Any(target => target.Links.Keys.Any(needed => HostPath.Tidy(needed) == HostPath.Tidy(link)))),
        .. Programs.Where(program => !Targets.Any(target => target.Programs.Contains(program))),
    ];
}
