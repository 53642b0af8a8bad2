namespace RegistryProxy.ServiceDefaults.Audit;

/// <summary>One line of the audit log; what is <c>null</c> is left out. Never holds a secret.</summary>
public sealed record AuditEvent
{
    public required DateTimeOffset Time { get; init; }

    /// <summary>
    /// <c>login pull range push delete denied revoke operator-login attestation-reset robot-create robot-rotate robot-secret-end
    /// robot-revoke configuration-change configuration-rollback administer lost</c>
    /// </summary>
    public required string Event { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Empty for anonymous.</summary>
    public string? Subject { get; init; }

    public string? Authenticator { get; init; }

    /// <summary>The administrator of the tenant who did it, as <c>AUTHENTICATOR/SUBJECT</c>; absent of all that others did.</summary>
    public string? Administrator { get; init; }

    public string? Client { get; init; }

    public string? UserAgent { get; init; }

    public string? Action { get; init; }

    public string? Repository { get; init; }

    public string? Reference { get; init; }

    public string? Digest { get; init; }

    /// <summary><c>allow</c> or <c>deny</c>.</summary>
    public string? Decision { get; init; }

    /// <summary>The access rule that allowed it.</summary>
    public string? Rule { get; init; }

    /// <summary>Why it was refused, or what became of it; for people, and never a secret.</summary>
    public string? Reason { get; init; }

    public int? Status { get; init; }

    /// <summary>The length of the answer, or how many events were lost.</summary>
    public long? Bytes { get; init; }

    /// <summary>Where the answer came from: <c>none hit revalidated stale miss joined bypass</c>.</summary>
    public string? Cache { get; init; }

    public string? Upstream { get; init; }

    public string? RequestId { get; init; }

    /// <summary>
    /// How many events were lost, for <c>lost</c>; how many requests were refused since the line before, where limits are met.
    /// </summary>
    public long? Count { get; init; }
}
