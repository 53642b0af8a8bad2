using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// One identity of one tenant: its claims, the rules that they match, its sessions and refresh tokens, revocation.
/// The key is <see cref="SessionKey.ToString"/>.
/// </summary>
[Version(0), Alias("rp.ISessionGrain")]
public interface ISessionGrain : IGrainWithStringKey
{
    /// <summary>
    /// What the holder of an access token may do now. Gateways keep the answer for <see cref="SessionDecision.Lease"/> and drop it when
    /// they are told that the identity changed.
    /// </summary>
    [Alias("Decide"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SessionDecision> Decide(string sessionId, long generation, CancellationToken cancellation = default);

    /// <summary>The same for many sessions of the identity.</summary>
    [Alias("DecideAll"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SessionDecisions> DecideAll(IReadOnlyList<string> sessions, long generation, CancellationToken cancellation = default);

    /// <summary>
    /// The sessions of the identity, the newest first, <see cref="MaxOwn"/> at the most, for the holder of an open one; none for anybody
    /// else.
    /// </summary>
    [Alias("ListOwn"), ResponseTimeout("00:00:05")]
    ValueTask<IReadOnlyList<SessionSummary>> ListOwn(string sessionId, long generation, CancellationToken cancellation = default);

    /// <summary>
    /// Ends a session of the identity, for the holder of an open one; <c>false</c> when there is none of that id, or no holder.
    /// </summary>
    [Alias("EndOwn"), ResponseTimeout("00:00:05")]
    ValueTask<bool> EndOwn(string sessionId, long generation, string session, CancellationToken cancellation = default);

    /// <summary>How many of its own sessions an identity is told.</summary>
    const int MaxOwn = 200;
}

/// <summary>What some sessions of one identity may do.</summary>
/// <param name="Distinct">The decisions, each once.</param>
/// <param name="Places">For each session that was asked for, in order, where its decision is in <paramref name="Distinct"/>.</param>
[GenerateSerializer, Immutable, Alias("rp.session-decisions")]
public sealed record SessionDecisions(
    [property: Id(0)] IReadOnlyList<SessionDecision> Distinct,
    [property: Id(1)] IReadOnlyList<int> Places);

/// <summary>What one session may do now.</summary>
[GenerateSerializer, Immutable, Alias("rp.session-decision")]
public sealed record SessionDecision
{
    /// <summary><c>false</c> when the session ended, was revoked or never was, and when that cannot be said.</summary>
    [Id(0)]
    public required bool Open { get; init; }

    /// <summary>The rules whose <c>who</c> and <c>when</c> match this identity; their union is granted.</summary>
    [Id(1)]
    public IReadOnlyList<GrantedRule> Rules { get; init; } = [];

    /// <summary>Not used: what versions before wrote grew with the number of tenants.</summary>
    [Id(2)]
    public string Version { get; init; } = "";

    /// <summary>How long the answer may be used without asking again.</summary>
    [Id(3)]
    public TimeSpan Lease { get; init; }

    /// <summary>
    /// Whether it cannot be said now if the identity is still there, since its directory is away: no session is over for that.
    /// </summary>
    [Id(4)]
    public bool Unavailable { get; init; }

    /// <summary>The rules by which it was decided (<see cref="TenantSnapshot.RulesStamp"/>); <c>null</c> by versions before.</summary>
    [Id(5)]
    public string? RulesStamp { get; init; }

    public static SessionDecision Closed { get; } = new() { Open = false };
}
