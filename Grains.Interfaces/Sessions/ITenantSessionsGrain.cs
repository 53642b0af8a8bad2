using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>The open sessions of one tenant, for operators. The key is the tenant's name.</summary>
[Version(0), Alias("rp.ITenantSessionsGrain"), SilosAlone(WantsPass = true)]
public interface ITenantSessionsGrain : IGrainWithStringKey
{
    /// <summary>The longest text that sessions are searched for, in characters.</summary>
    const int MaxSearch = 512;

    /// <summary>The newest sessions, <paramref name="limit"/> at the most.</summary>
    [Alias("List")]
    ValueTask<SessionList> List(int limit, CancellationToken cancellation = default);

    /// <summary>A page of the newest sessions that have a text in their subject, authenticator or address, or as their id.</summary>
    /// <param name="search">The text, whatever its case; empty for all.</param>
    /// <param name="offset">How many of the newest are left out.</param>
    /// <param name="limit">How many are wanted at most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    [Alias("Find"), ResponseTimeout("00:00:08")]
    ValueTask<SessionList> Find(string search, int offset, int limit, CancellationToken cancellation = default);

    /// <summary>Ends every session of a subject, whichever authenticator proved it. Returns how many identities had one.</summary>
    [Alias("RevokeSubject")]
    ValueTask<int> RevokeSubject(string subject, CancellationToken cancellation = default);

    /// <summary>Ends one session; <c>false</c> when there is none of that id.</summary>
    [Alias("RevokeSession")]
    ValueTask<bool> RevokeSession(string sessionId, CancellationToken cancellation = default);
}

/// <summary>One session as operators see it; no secret.</summary>
[GenerateSerializer, Immutable, Alias("rp.session-summary")]
public sealed record SessionSummary(
    [property: Id(0)] string Session,
    [property: Id(1)] string Authenticator,
    [property: Id(2)] string Subject,
    [property: Id(3)] bool Refreshable,
    [property: Id(4)] DateTimeOffset Opened,
    [property: Id(5)] DateTimeOffset Expires,
    [property: Id(6)] string ClientAddress);

/// <summary>Sessions of a tenant, the newest first.</summary>
/// <param name="Total">How many there are.</param>
/// <param name="Sessions">Those of them that were asked for.</param>
[GenerateSerializer, Immutable, Alias("rp.session-list")]
public sealed record SessionList([property: Id(0)] int Total, [property: Id(1)] IReadOnlyList<SessionSummary> Sessions);
