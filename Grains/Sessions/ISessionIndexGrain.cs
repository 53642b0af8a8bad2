using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The side of a tenant's session list that session grains write to. Internal: no client may call it.</summary>
[Alias("rp.ISessionIndexGrain")]
internal interface ISessionIndexGrain : IGrainWithStringKey
{
    /// <summary>One way, so that opening a session never waits for a list that is busy ending sessions.</summary>
    [Alias("Add"), OneWay]
    ValueTask Add(SessionKey key, SessionSummary session);

    /// <summary>Sessions of one identity have ended before their time. One way, too.</summary>
    [Alias("Remove"), OneWay]
    ValueTask Remove(IReadOnlyList<string> sessions);
}
