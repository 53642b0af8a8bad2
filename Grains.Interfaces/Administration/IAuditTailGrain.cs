using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Knows which gateways have lines of the audit log, for administrators of tenants. The key is always 0. It tells gateways nothing.
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
}

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
