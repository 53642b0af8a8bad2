using RegistryProxy.Configuration.Reload;
using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Silo.Clustering;

/// <summary>A silo is ready when it follows the configuration of its cluster, and its own file does not contradict that.</summary>
internal sealed class RevisionReadiness(RevisionFeed feed) : IReadiness
{
    public string Name => "configuration";

    public bool IsReady => feed.Settled.IsCompleted && feed.Conflict is null;

    public string? Detail => feed.Conflict
        ?? $"revision {feed.Current.Configuration.Revision}{(feed.Alarm is { } alarm ? $"; {alarm}" : "")}";
}
