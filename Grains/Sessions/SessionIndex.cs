using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>What is kept of a tenant's sessions.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.session-index")]
internal sealed record SessionIndex : IExpiringState
{
    [Id(0)]
    public Dictionary<string, SessionSummary> Sessions { get; init; } = [];

    public DateTimeOffset? KeepUntil => Sessions.Values.Select(session => session.Expires).DefaultIfEmpty().Max();
}
