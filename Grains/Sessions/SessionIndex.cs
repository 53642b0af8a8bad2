using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>What is kept of a tenant's sessions: the newest with the pages of older ones, or one page.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.session-index")]
internal sealed record SessionIndex : IExpiringState
{
    [Id(0)]
    public Dictionary<string, SessionSummary> Sessions { get; init; } = [];

    /// <summary>Where older ones are. A version before knows of none, and lists the newest alone.</summary>
    [Id(1)]
    public List<SessionPageLink> Pages { get; init; } = [];

    public DateTimeOffset? KeepUntil =>
        Sessions.Values.Select(session => session.Expires).Concat(Pages.Select(page => page.Expires)).DefaultIfEmpty().Max();
}
