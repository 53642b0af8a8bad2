using System.Diagnostics.Metrics;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A membership table in a storage that may be away when a silo starts, while it runs and when it ends, and that may come back without what it
/// knew. Members of a table that was lost would go on beside those who begin a new one: so the silo ends, and whoever supervises it starts it
/// into the new one.
/// </summary>
internal sealed partial class WatchedMembershipTable : IMembershipTable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo that ends tries to say so.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private readonly IMembershipTable _inner;
    private readonly SiloAddress _own;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger<WatchedMembershipTable> _logger;
    private readonly Counter<long> _losses;
    private readonly Lock _lock = new();
    private MembershipTableData? _last;
    private bool _isLost;
    private long _stopping;

    public WatchedMembershipTable(
        IMembershipTable inner, ILocalSiloDetails own, IHostApplicationLifetime lifetime, TimeProvider time, IMeterFactory meters,
        ILogger<WatchedMembershipTable> logger)
    {
        (_inner, _own, _lifetime, _time, _logger) = (inner, own.SiloAddress, lifetime, time, logger);
        _losses = meters.Create("RegistryProxy.Silo").CreateCounter<long>(
            "registryproxy.membership.losses", "{loss}", "Times that the storage of the membership lost it; each ends this silo");
    }

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                await _inner.InitializeMembershipTableAsync(tryInitTableVersion, cancellationToken);
                return;
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested && !_lifetime.ApplicationStopping.IsCancellationRequested)
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
        var read = await OrFarewell(() => ReadOrBegin(known, cancellationToken), known, cancellationToken);
        lock (_lock)
        {
            if (_isLost || IsBehind(read, known))
            {
                End();
                return known ?? read;
            }

            // Readings may overtake each other.
            _last = _last is { } last && last.Version.Version > read.Version.Version ? last : read;
            return read;
        }
    }

    public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) => OrFarewell(
        () => _inner.ReadRowAsync(key, cancellationToken),
        _last?.TryGet(key) is { } row ? new MembershipTableData(row, _last.Version) : null,
        cancellationToken);

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        _isLost ? Task.FromResult(true) : _inner.InsertRowAsync(entry, tableVersion, cancellationToken);

    public async Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        _isLost || await OrFarewell<object>(async () => await _inner.UpdateRowAsync(entry, etag, tableVersion, cancellationToken), true, cancellationToken) is true;

    public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default) =>
        _isLost ? Task.CompletedTask : _inner.UpdateIAmAliveAsync(entry, cancellationToken);

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

    /// <summary>Reads the table. One that was there and cannot be read any more is begun anew, as a silo that starts would: an empty storage lets it, one that is away does not.</summary>
    private async Task<MembershipTableData> ReadOrBegin(MembershipTableData? known, CancellationToken cancellation)
    {
        try
        {
            return await _inner.ReadAllAsync(cancellation);
        }
        catch (Exception) when (known is not null && !cancellation.IsCancellationRequested && !_lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await _inner.InitializeMembershipTableAsync(tryInitTableVersion: true, cancellation);
            return await _inner.ReadAllAsync(cancellation);
        }
    }

    /// <summary>Versions only grow, and a row goes long after its silo.</summary>
    /// <param name="read">What is there now.</param>
    /// <param name="known">What was known before it was asked.</param>
    private bool IsBehind(MembershipTableData read, MembershipTableData? known) =>
        known is not null && (read.Version.Version < known.Version.Version || (known.TryGet(_own) is not null && read.TryGet(_own) is null));

    private void End()
    {
        if (!_isLost)
        {
            _isLost = true;
            _losses.Add(1);
            LogLost();
            Environment.ExitCode = 1;
            _lifetime.StopApplication();
        }
    }

    /// <summary>A silo that ends while the storage is away has nobody to tell: after a while it ends all the same, and the others find out.</summary>
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

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: the membership of the cluster was lost by its storage; this silo ends, so that it is started into a new cluster")]
    private partial void LogLost();

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo ends without having told the others: {Problem}")]
    private partial void LogUntold(string problem);
}
