namespace RegistryProxy.Configuration;

/// <summary>Where the audit log goes.</summary>
public sealed record AuditConfiguration
{
    /// <summary>Absolute path; <c>null</c> for stdout or stderr.</summary>
    public string? File { get; init; }

    /// <summary>Whether it goes to stderr; by default it goes to stdout.</summary>
    public bool ToStandardError { get; init; }

    /// <summary>A file that would grow beyond this many bytes is put aside.</summary>
    public long MaxBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>How many files that were put aside are kept, 1 to 1000.</summary>
    public int Keep { get; init; } = 5;
}
