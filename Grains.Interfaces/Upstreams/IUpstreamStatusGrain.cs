using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What operators may know of an upstream's credential. The key is the upstream's name.</summary>
[Version(0), Alias("rp.IUpstreamStatusGrain")]
public interface IUpstreamStatusGrain : IGrainWithStringKey
{
    [Alias("Describe"), AlwaysInterleave]
    ValueTask<UpstreamStatus> Describe(CancellationToken cancellation = default);

    /// <summary>
    /// A gateway of a version before says how its requests to the upstream fare; said again every thirty seconds while they fail.
    /// </summary>
    /// <param name="gateway">Which one.</param>
    /// <param name="reason">Why they fail; <c>null</c> when they are answered again.</param>
    [Alias("Seen"), OneWay, AlwaysInterleave]
    ValueTask Seen(string gateway, string? reason);

    /// <summary>
    /// A gateway says how its requests to the upstream fare; said again every thirty seconds while they fail, or are made.
    /// </summary>
    [Alias("Noted"), OneWay, AlwaysInterleave]
    ValueTask Noted(UpstreamSight sight);
}

/// <summary>How the requests of a gateway to an upstream fare. Times travel as durations, since clocks differ.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-sight")]
public sealed record UpstreamSight
{
    [Id(0)]
    public required string Gateway { get; init; }

    /// <summary>Why they fail; <c>null</c> while they are answered.</summary>
    [Id(1)]
    public string? Failure { get; init; }

    /// <summary>How long ago the last one failed; set with <see cref="Failure"/>.</summary>
    [Id(2)]
    public TimeSpan? SinceFailure { get; init; }

    /// <summary>How it has just refused one of them, from a version that does not tell of that in <see cref="Troubles"/>.</summary>
    [Id(3)]
    public string? Refusal { get; init; }

    /// <summary>How long ago one was answered by what it asked for, or by its absence; <c>null</c> for never.</summary>
    [Id(4)]
    public TimeSpan? SinceAnswer { get; init; }

    /// <summary>How long they have been failing; set with <see cref="Failure"/>, <c>null</c> from a version that does not say.</summary>
    [Id(5)]
    public TimeSpan? FailsFor { get; init; }

    /// <summary>How many failed in that time.</summary>
    [Id(6)]
    public int Failures { get; init; }

    /// <summary>How long ago the first was refused; set with <see cref="Refusal"/>, <c>null</c> from a version that does not say.</summary>
    [Id(7)]
    public TimeSpan? RefusesFor { get; init; }

    /// <summary>How many were refused in that time.</summary>
    [Id(8)]
    public long Refusals { get; init; }

    /// <summary>What else is wrong; <c>null</c> from a version that does not say.</summary>
    [Id(9)]
    public IReadOnlyList<UpstreamTrouble>? Troubles { get; init; }
}

/// <summary>Something that is wrong with an upstream while the upstream itself answers.</summary>
/// <param name="Kind">
/// <see cref="Storage"/>, <see cref="Limited"/>, <see cref="Part"/> or <see cref="Refuses"/>; others are of a later version.
/// </param>
/// <param name="Place">The origin that is at fault, for operators alone.</param>
/// <param name="Reason">In words.</param>
/// <param name="LastsFor">For how long.</param>
/// <param name="SinceFailure">How long ago a request failed last.</param>
/// <param name="Failures">How many did; 0 when all were spared.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-trouble")]
public sealed record UpstreamTrouble(
    [property: Id(0)] string Kind, [property: Id(1)] string Place, [property: Id(2)] string Reason, [property: Id(3)] TimeSpan LastsFor,
    [property: Id(4)] TimeSpan SinceFailure, [property: Id(5)] int Failures)
{
    /// <summary>What it redirects to does not answer, fails or refuses.</summary>
    public const string Storage = "storage";

    /// <summary>It limits the rate of requests.</summary>
    public const string Limited = "limited";

    /// <summary>It answers for some repositories, and fails for those that the reason names.</summary>
    public const string Part = "part";

    /// <summary>It refuses requests, which may be about their repositories alone.</summary>
    public const string Refuses = "refuses";
}

/// <summary>The state of one upstream's credential; never the secret.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-status")]
public sealed record UpstreamStatus
{
    [Id(0)]
    public required string Upstream { get; init; }

    /// <summary>The <c>credentials.type</c> of the configuration.</summary>
    [Id(1)]
    public required string Credential { get; init; }

    /// <summary>How the upstream asks: <c>none</c>, <c>basic</c>, <c>bearer</c>; <c>unknown</c> before the first use.</summary>
    [Id(2)]
    public required string Scheme { get; init; }

    /// <summary>The latest expiry among its tokens.</summary>
    [Id(3)]
    public DateTimeOffset? Expires { get; init; }

    [Id(4)]
    public DateTimeOffset? LastRefresh { get; init; }

    [Id(5)]
    public string? LastError { get; init; }

    [Id(6)]
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>
    /// <c>closed</c> when all is well, <c>open</c> while failures are answered without asking, <c>half-open</c> at the next try.
    /// </summary>
    [Id(7)]
    public required string Breaker { get; init; }

    /// <summary>The rate limit of its account.</summary>
    [Id(8)]
    public UpstreamAccountStatus? Account { get; init; }

    /// <summary>
    /// <c>never asked</c>, <c>healthy</c>, <c>failing</c>, <c>refused</c> when it does not take the credential, or has refused all that
    /// was asked of it, <c>storage failing</c> when only what it redirects to fails, <c>failing in part</c> when it fails for some
    /// repositories and answers for others, or <c>limited</c> when it limits the rate of requests.
    /// </summary>
    [Id(9)]
    public string? State { get; init; }

    /// <summary>Since when it, a part of it or its storage is failing, or it is refused; <c>null</c> when none of this is so.</summary>
    [Id(10)]
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>When it last gave a token, or answered a request; <c>null</c> when it did neither since the silo knows of it.</summary>
    [Id(11)]
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>What is wrong while the upstream itself answers, as the log says it, the oldest first.</summary>
    [Id(12)]
    public IReadOnlyList<UpstreamTroubleStatus>? Troubles { get; init; }
}

/// <summary>Something that is wrong with an upstream while it answers, as operators see it.</summary>
/// <param name="Kind">As <see cref="UpstreamTrouble.Kind"/>.</param>
/// <param name="Since">Since when.</param>
/// <param name="What">What the log says of it.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-trouble-status")]
public sealed record UpstreamTroubleStatus(
    [property: Id(0)] string Kind, [property: Id(1)] DateTimeOffset Since, [property: Id(2)] string What);
