namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A membership table in a storage that may be away when a silo starts, while it runs and when it ends, and that may come back without what it
/// knew: then the members that are still here put back what they remember, before somebody new takes the empty table for an empty cluster.
/// </summary>
internal sealed partial class LastingMembershipTable(
    IMembershipTable inner, IMembershipMemory memory, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<LastingMembershipTable> logger)
    : IMembershipTable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo that ends tries to say so.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private MembershipTableData? _last;
    private long _stopping;

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                await inner.InitializeMembershipTableAsync(tryInitTableVersion, cancellationToken);
                return;
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested && !lifetime.ApplicationStopping.IsCancellationRequested)
            {
                if (!told)
                {
                    LogWaiting(fault.Message);
                }

                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }

    public Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default) => OrFarewell(
        async () =>
        {
            if (await memory.Restore(cancellationToken))
            {
                LogRestored();
            }

            _last = await inner.ReadAllAsync(cancellationToken);
            await memory.Remember(cancellationToken);
            return _last;
        },
        _last,
        cancellationToken);

    public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) => OrFarewell(
        () => inner.ReadRowAsync(key, cancellationToken),
        _last?.TryGet(key) is { } row ? new MembershipTableData(row, _last.Version) : null,
        cancellationToken);

    public async Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default)
    {
        var done = await inner.InsertRowAsync(entry, tableVersion, cancellationToken);
        await memory.Remember(cancellationToken);
        return done;
    }

    public async Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        await OrFarewell<object>(
            async () =>
            {
                var done = await inner.UpdateRowAsync(entry, etag, tableVersion, cancellationToken);
                await memory.Remember(cancellationToken);
                return done;
            },
            true,
            cancellationToken) is true;

    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default)
    {
        if (await memory.Restore(cancellationToken))
        {
            LogRestored();
        }

        await inner.UpdateIAmAliveAsync(entry, cancellationToken);
        await memory.Remember(cancellationToken);
    }

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default) =>
        inner.CleanupDefunctSiloEntriesAsync(beforeDate, cancellationToken);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        inner.DeleteMembershipTableEntriesAsync(clusterId, cancellationToken);

#pragma warning disable CS0618 // The old forms of the interface are obsolete, and abstract all the same.
    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId);

    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync();

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key);

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate);
#pragma warning restore CS0618

    /// <summary>A silo that ends while the storage is away has nobody to tell: after a while it ends all the same, and the others find out.</summary>
    private async Task<T> OrFarewell<T>(Func<Task<T>> ask, T? otherwise, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (lifetime.ApplicationStopping.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            Interlocked.CompareExchange(ref _stopping, time.GetTimestamp(), 0);
            if (otherwise is null || time.GetElapsedTime(_stopping) < Farewell)
            {
                throw;
            }

            LogUntold(fault.Message);
            return otherwise;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The membership of the cluster cannot be reached; waiting for it: {Problem}")]
    private partial void LogWaiting(string problem);

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: the membership of the cluster was lost by its storage; the silos that are here put it back")]
    private partial void LogRestored();

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo ends without having told the others: {Problem}")]
    private partial void LogUntold(string problem);
}

/// <summary>What a silo remembers of a membership table, as raw content of its storage.</summary>
internal interface IMembershipMemory
{
    /// <summary>Remembers the table as it is now.</summary>
    Task Remember(CancellationToken cancellation);

    /// <summary>Puts back what is remembered, if the table has gone back behind it; <c>true</c> when it did.</summary>
    Task<bool> Restore(CancellationToken cancellation);
}
