using System.Diagnostics.Metrics;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A membership table in a storage that may be away when a silo starts, while it runs and when it ends, and that may come back without what
/// it knew. Members of a table that was lost would go on beside those who begin a new one: so a silo whose row is gone ends, and whoever
/// supervises it starts it into the new one. A table that only went back, as after a failover to a replica that lacks the last writes, is
/// brought forward.
/// </summary>
internal sealed partial class WatchedMembershipTable : IMembershipTable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo that ends tries to say so.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    /// <summary>How many versions a reading brings a table forward that went back.</summary>
    private const int MaxVersions = 64;

    private readonly IMembershipTable _inner;
    private readonly SiloAddress _own;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger<WatchedMembershipTable> _logger;
    private readonly Lock _lock = new();
    private MembershipTableData? _last;
    private bool _isLost;
    private long _stopping;

    public WatchedMembershipTable(
        IMembershipTable inner, ILocalSiloDetails own, IHostApplicationLifetime lifetime, TimeProvider time, IMeterFactory meters,
        ILogger<WatchedMembershipTable> logger)
    {
        (_inner, _own, _lifetime, _time, _logger) = (inner, own.SiloAddress, lifetime, time, logger);
        // Served from the start: a series that begins at 1 is no increase.
        meters.Create("RegistryProxy.Silo").CreateObservableCounter(
            "registryproxy.membership.losses", () => Volatile.Read(ref _isLost) ? 1L : 0, "{loss}",
            "Times that the storage of the membership lost it; each ends this silo");
    }

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                await _inner.InitializeMembershipTableAsync(tryInitTableVersion, cancellationToken);
                if (told)
                {
                    LogReached();
                }

                return;
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested
                && !_lifetime.ApplicationStopping.IsCancellationRequested)
            {
                if (!told)
                {
                    LogWaiting(fault.Message);
                }

                await Task.Delay(Retry, _time, cancellationToken);
            }
        }
    }

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        var known = Volatile.Read(ref _last);
        var read = await OrFarewell(() => ReadSurely(known, cancellationToken), known, cancellationToken);
        lock (_lock)
        {
            if (_isLost || IsGone(read, known))
            {
                End();
                return known ?? read;
            }

            // Readings may overtake each other; a table that stays behind is what there is.
            _last = !IsBehind(read, known) && _last is { } last && last.Version.Version > read.Version.Version ? last : read;
            return read;
        }
    }

    public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) => OrFarewell(
        () => _inner.ReadRowAsync(key, cancellationToken),
        _last?.TryGet(key) is { } row ? new MembershipTableData(row, _last.Version) : null,
        cancellationToken);

    /// <summary>From here on the own row is known, also before the table was read again.</summary>
    public async Task<bool> InsertRowAsync(
        MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default)
    {
        if (_isLost)
        {
            return true;
        }

        var isIn = await _inner.InsertRowAsync(entry, tableVersion, cancellationToken);
        if (isIn && entry.SiloAddress.Equals(_own))
        {
            lock (_lock)
            {
                _last = new MembershipTableData([.. _last?.Members ?? [], new Tuple<MembershipEntry, string>(entry, "")], tableVersion);
            }
        }

        return isIn;
    }

    public async Task<bool> UpdateRowAsync(
        MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        _isLost || await OrFarewell<object>(
            async () => await _inner.UpdateRowAsync(entry, etag, tableVersion, cancellationToken), true, cancellationToken) is true;

    /// <summary>A storage may take this for a row that it does not have any more: to a table that was lost nothing is written.</summary>
    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default)
    {
        if (_isLost || (await ReadAllAsync(cancellationToken)).TryGet(entry.SiloAddress) is null || _isLost)
        {
            return;
        }

        await _inner.UpdateIAmAliveAsync(entry, cancellationToken);
    }

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default) =>
        _inner.CleanupDefunctSiloEntriesAsync(beforeDate, cancellationToken);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        _inner.DeleteMembershipTableEntriesAsync(clusterId, cancellationToken);

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

    /// <summary>
    /// Reads the table. One that was there and cannot be read any more is begun anew, as a silo that starts would: an empty storage lets
    /// it, one that is away does not.
    /// </summary>
    private async Task<MembershipTableData> ReadOrBegin(MembershipTableData? known, CancellationToken cancellation)
    {
        try
        {
            return await _inner.ReadAllAsync(cancellation);
        }
        catch (Exception) when (known is not null && !cancellation.IsCancellationRequested
            && !_lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await _inner.InitializeMembershipTableAsync(tryInitTableVersion: true, cancellation);
            return await _inner.ReadAllAsync(cancellation);
        }
    }

    /// <summary>
    /// Reads the table. A replica may answer with less than there is: what went back is read again after a write, which only a primary
    /// takes.
    /// </summary>
    private async Task<MembershipTableData> ReadSurely(MembershipTableData? known, CancellationToken cancellation)
    {
        var read = await ReadOrBegin(known, cancellation);
        if (_isLost || known is null || (!IsBehind(read, known) && !IsGone(read, known)))
        {
            return read;
        }

        await _inner.InitializeMembershipTableAsync(tryInitTableVersion: true, cancellation);
        read = await _inner.ReadAllAsync(cancellation);
        return IsBehind(read, known) && !IsGone(read, known) ? await BringForward(read, known, cancellation) : read;
    }

    /// <summary>
    /// Silos take over no table whose version is not above that of the last one: the own row is written again, until it is. Whoever else
    /// does so at the same time brings it forward, too.
    /// </summary>
    private async Task<MembershipTableData> BringForward(
        MembershipTableData read, MembershipTableData known, CancellationToken cancellation)
    {
        LogWentBack(known.Version.Version, read.Version.Version);
        for (var step = 0; step < MaxVersions && read.Version.Version <= known.Version.Version && read.TryGet(_own) is { } row; step++)
        {
            await _inner.UpdateRowAsync((known.TryGet(_own) ?? row).Item1, row.Item2, read.Version.Next(), cancellation);
            read = await _inner.ReadAllAsync(cancellation);
        }

        return read;
    }

    /// <summary>Versions only grow.</summary>
    /// <param name="read">What is there now.</param>
    /// <param name="known">What was known before it was asked.</param>
    private static bool IsBehind(MembershipTableData read, MembershipTableData? known) => read.Version.Version < known?.Version.Version;

    /// <summary>A row goes long after its silo.</summary>
    private bool IsGone(MembershipTableData read, MembershipTableData? known) =>
        known?.TryGet(_own) is not null && read.TryGet(_own) is null;

    private void End()
    {
        if (!_isLost)
        {
            _isLost = true;
            LogLost();
            Environment.ExitCode = 1;
            _lifetime.StopApplication();
        }
    }

    /// <summary>
    /// A silo that ends while the storage is away has nobody to tell: after a while it ends all the same, and the others find out.
    /// </summary>
    private async Task<T> OrFarewell<T>(Func<Task<T>> ask, T? otherwise, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (_lifetime.ApplicationStopping.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            Interlocked.CompareExchange(ref _stopping, _time.GetTimestamp(), 0);
            if (otherwise is null || _time.GetElapsedTime(_stopping) < Farewell)
            {
                throw;
            }

            LogUntold(fault.Message);
            return otherwise;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The membership of the cluster cannot be reached; waiting for it: {Problem}")]
    private partial void LogWaiting(string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The membership of the cluster is reached")]
    private partial void LogReached();

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The storage of the membership went back from version {Known} to {Read}; this silo continues and raises it again")]
    private partial void LogWentBack(int known, int read);

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "ALARM: the membership of the cluster was lost by its storage; this silo exits so that its supervisor restarts it " +
            "into a new cluster")]
    private partial void LogLost();

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo exits without having left the cluster: {Problem}")]
    private partial void LogUntold(string problem);
}
