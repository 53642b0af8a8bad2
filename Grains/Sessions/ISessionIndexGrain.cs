using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The side of a tenant's session list that session grains write to. Internal: no client may call it.</summary>
[Version(1), Alias("rp.ISessionIndexGrain")]
internal interface ISessionIndexGrain : IGrainWithStringKey
{
    /// <summary>Not waited for when a session is opened: the list may be busy ending others, or its silo away.</summary>
    [Alias("Add"), ResponseTimeout("00:00:03")]
    ValueTask Add(SessionKey key, SessionSummary session);

    /// <summary>The same of many.</summary>
    [Alias("AddAll"), ResponseTimeout("00:00:03")]
    ValueTask AddAll(IReadOnlyList<SessionSummary> sessions);

    /// <summary>Sessions of one identity have ended before their time. One way: where nobody hears it, they end by themselves.</summary>
    [Alias("Remove"), OneWay]
    ValueTask Remove(IReadOnlyList<string> sessions);
}
