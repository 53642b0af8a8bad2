using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Knows which gateways there are, and asks them what they know of a tenant. The key is always 0. It tells gateways names of repositories
/// alone.
/// </summary>
[Version(0), Alias("rp.IAuditTailGrain")]
public interface IAuditTailGrain : IGrainWithIntegerKey
{
    /// <summary>How often a gateway says that it is there, in seconds.</summary>
    const int Period = 10;

    /// <summary>A gateway is there, for three times <see cref="Period"/>.</summary>
    [Alias("Follow"), ResponseTimeout("00:00:03")]
    ValueTask Follow(IAuditTailObserver gateway);

    /// <summary>The same of a silo that serves operators: it has lines of what they changed.</summary>
    [Alias("FollowSilo"), SilosAlone, ResponseTimeout("00:00:03")]
    ValueTask FollowSilo(IAuditTailObserver silo);

    /// <summary>
    /// The repositories of a tenant that its gateways remember as pulled, gathered once for all who ask within two seconds; <c>null</c>
    /// while those of too many tenants are.
    /// </summary>
    [Alias("Names"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask<PulledNames?> Names(string tenant);
}

/// <summary>A gateway that is asked for what it knows of a tenant.</summary>
[Alias("rp.IAuditTailObserver")]
public interface IAuditTailObserver : IGrainObserver
{
    /// <summary>The lines of a tenant that it has, from a moment on: the newest that weigh no more than so many bytes.</summary>
    [Alias("Read"), ResponseTimeout("00:00:03")]
    Task<AuditTailPart> Read(string tenant, DateTimeOffset since, int maxBytes);

    /// <summary>The ten repositories of a tenant that were pulled most since it started.</summary>
    [Alias("Repositories"), ResponseTimeout("00:00:01")]
    Task<IReadOnlyList<RepositoryPulls>> Repositories(string tenant);

    /// <summary>
    /// The repositories of a tenant that it remembers as pulled, the most pulled first: as many as weigh no more than so many bytes.
    /// </summary>
    [Alias("Names"), ResponseTimeout("00:00:01")]
    Task<PulledNames> Names(string tenant, int maxBytes);
}

/// <summary>Names of repositories that were pulled.</summary>
/// <param name="Names">The names.</param>
/// <param name="IsPartial">Whether some are missing: there was no room for all, or a gateway has not answered.</param>
[GenerateSerializer, Immutable, Alias("rp.pulled-names")]
public sealed record PulledNames([property: Id(0)] IReadOnlyList<string> Names, [property: Id(1)] bool IsPartial);

/// <summary>Lines of the audit log.</summary>
/// <param name="Since">After this moment nothing is lacking.</param>
/// <param name="Lines">The oldest first.</param>
[GenerateSerializer, Immutable, Alias("rp.audit-tail-part")]
public sealed record AuditTailPart([property: Id(0)] DateTimeOffset Since, [property: Id(1)] IReadOnlyList<AuditLineOfTenant> Lines);

/// <summary>A line of the audit log.</summary>
/// <param name="At">When.</param>
/// <param name="Json">The line: UTF-8, without its end.</param>
[GenerateSerializer, Immutable, Alias("rp.audit-line")]
public sealed record AuditLineOfTenant([property: Id(0)] DateTimeOffset At, [property: Id(1)] byte[] Json);
