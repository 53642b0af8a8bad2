namespace RegistryProxy.Gateway.Authorization;

/// <summary>Counts what was dropped, so that an answer to a question of before is known. Some identities share a count.</summary>
internal sealed class DropMarks
{
    private const int Counts = 1024;

    private readonly long[] _counts = new long[Counts];
    private long _all;

    /// <summary>What was dropped up to now that concerns an identity.</summary>
    public DropMark Of(string sessionKey) =>
        new(Volatile.Read(ref _all), Volatile.Read(ref CountOf(TenantOf(sessionKey))), Volatile.Read(ref CountOf(sessionKey)));

    /// <summary>An identity, or a tenant, is dropped.</summary>
    public void Add(string group) => Interlocked.Increment(ref CountOf(group));

    public void AddAll() => Interlocked.Increment(ref _all);

    private static ReadOnlySpan<char> TenantOf(string sessionKey) =>
        sessionKey.AsSpan(0, sessionKey.IndexOf('/', StringComparison.Ordinal));

    private ref long CountOf(ReadOnlySpan<char> group) => ref _counts[(uint)string.GetHashCode(group) % Counts];
}

/// <summary>How much was dropped: everything, of a tenant, of an identity.</summary>
internal readonly record struct DropMark(long All, long Tenant, long Identity);
