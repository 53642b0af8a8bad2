using Orleans.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Where sealed records lie. Each write is done as a whole or not at all, and only over the version that the writer knows. Whatever lies in
/// the place of a record is one: what cannot be read as one is a damaged record, never none, and no call here changes it.
/// </summary>
internal interface IRecordStore
{
    /// <summary>The largest sealed state that is read, in bytes; no larger one may be written.</summary>
    int MaxBytes { get; }

    /// <summary>The record of a state; <c>null</c> when nothing lies in its place, or its end has come.</summary>
    Task<StoredRecord?> Read(StateOwner owner);

    /// <summary>
    /// What is another after each change of what lies in the place of a record, without reading that; <c>null</c> when nothing does.
    /// </summary>
    Task<string?> Mark(StateOwner owner);

    /// <summary>Writes over the version that is known; returns the tag of the new one.</summary>
    /// <param name="owner">Whose state it is.</param>
    /// <param name="content">The sealed state.</param>
    /// <param name="keepUntil">When the record may go by itself; <c>null</c> for never.</param>
    /// <param name="etag">The version that is known; <c>null</c> for none.</param>
    /// <exception cref="InconsistentStateException">There is another version.</exception>
    Task<string> Write(StateOwner owner, byte[] content, DateTimeOffset? keepUntil, string? etag);

    /// <summary>Removes the version that is known.</summary>
    /// <exception cref="InconsistentStateException">There is another version.</exception>
    Task Remove(StateOwner owner, string? etag);

    /// <summary>
    /// Every record, in any order; what comes and goes meanwhile may be missed. Removes what its end has come for, where nobody else does.
    /// </summary>
    IAsyncEnumerable<StoredRecord> All(CancellationToken cancellation);

    /// <summary>Gives an end to a record of a version that knew none. Does nothing when it has one, or has changed.</summary>
    Task End(StoredRecord record, DateTimeOffset end);

    /// <summary>Whether this silo is the one that looks at all records for a while; others are told no.</summary>
    Task<bool> TryBeginSweep(TimeSpan life);

    /// <summary>
    /// Puts the same state, sealed anew, in the place of a record: its version and its end stay. Does nothing when it has changed.
    /// </summary>
    Task Reseal(StoredRecord record, byte[] content);

    /// <summary>Why the storage may lose records by itself; <c>null</c> when it does not, or does not say.</summary>
    Task<string?> FindRisk() => Task.FromResult<string?>(null);

    /// <summary>Removes a record that <see cref="All"/> found. Does nothing when it has changed.</summary>
    Task Remove(StoredRecord record);
}

/// <summary>A record as it lies there.</summary>
/// <param name="Place">Where.</param>
/// <param name="Owner">Whose state it is; <c>null</c> where that is not known.</param>
/// <param name="Content">The sealed state.</param>
/// <param name="ETag">Its version.</param>
/// <param name="KeepUntil">When it goes by itself; <c>null</c> for never.</param>
internal sealed record StoredRecord(string Place, StateOwner? Owner, byte[] Content, string ETag, DateTimeOffset? KeepUntil)
{
    /// <summary>The largest sealed state, in bytes: the list of a tenant with 100,000 sessions has less.</summary>
    public const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>Why what lies there is no whole record, and has neither content nor version; <c>null</c> when it is one.</summary>
    public string? Damage { get; init; }
}
