using System.Globalization;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>
/// The Orleans membership contract over one resource. The ETag of every row is the version of the table: a patch that tests it changes a
/// row and the version together, and heartbeats move neither. A lost race is <c>false</c>, an outage throws.
/// </summary>
internal sealed class KubernetesMembershipTable(ClusterResourceStore store, IOptions<ClusterOptions> cluster) : IMembershipTable
{
    private const int Tries = 5;

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
    {
        if (tryInitTableVersion && await store.Find(cancellationToken) is null)
        {
            await store.Create(cancellationToken);
        }
    }

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        clusterId == cluster.Value.ClusterId
            ? store.Delete(cancellationToken)
            : throw new ArgumentException($"this is the table of {cluster.Value.ClusterId}", nameof(clusterId));

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        var spec = await store.Read(cancellationToken);
        return new MembershipTableData(
            [.. spec.Members.Keys.Select(key => Tuple.Create(MemberRows.ToEntry(key, spec), ETag(spec)))], VersionOf(spec));
    }

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default)
    {
        var spec = await store.Read(cancellationToken);
        var row = MemberRows.KeyOf(key);
        return spec.Members.ContainsKey(row)
            ? new MembershipTableData(Tuple.Create(MemberRows.ToEntry(row, spec), ETag(spec)), VersionOf(spec))
            : new MembershipTableData(VersionOf(spec));
    }

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default)
    {
        var key = MemberRows.KeyOf(entry.SiloAddress);
        return Write(key, mustExist: false, tableVersion, cancellationToken,
            new PatchOperation("add", $"/spec/members/{key}", MemberRows.ToRow(entry)),
            new PatchOperation("add", $"/spec/heartbeats/{key}", MemberRows.Text(entry.IAmAliveTime)));
    }

    public async Task<bool> UpdateRowAsync(
        MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default)
    {
        var key = MemberRows.KeyOf(entry.SiloAddress);
        return etag == tableVersion.VersionEtag
            && await Write(key, mustExist: true, tableVersion, cancellationToken,
                new PatchOperation("replace", $"/spec/members/{key}", MemberRows.ToRow(entry)));
    }

    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default)
    {
        var key = MemberRows.KeyOf(entry.SiloAddress);
        // Not "replace": API servers before 1.24 take that for "add" when the row is gone.
        PatchOperation[] beat = [new("remove", $"/spec/heartbeats/{key}"),
            new("add", $"/spec/heartbeats/{key}", MemberRows.Text(entry.IAmAliveTime))];
        if (await store.Patch(beat, cancellationToken) is var outcome and not PatchOutcome.Applied)
        {
            throw new OrleansException(
                outcome == PatchOutcome.Refused ? $"there is no row {key} to keep alive"
                    : $"the row {key} could not be kept alive: too many write at once");
        }
    }

    public async Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var spec = await store.Read(cancellationToken);
            var defunct = spec.Members.Keys.Where(key => IsDefunct(MemberRows.ToEntry(key, spec), beforeDate.UtcDateTime)).ToList();
            PatchOperation[] operations =
            [
                new PatchOperation("test", "/spec/version", spec.Version),
                .. defunct.Select(key => new PatchOperation("remove", $"/spec/members/{key}")),
                .. defunct.Where(spec.Heartbeats.ContainsKey).Select(key => new PatchOperation("remove", $"/spec/heartbeats/{key}")),
            ];
            if (defunct.Count == 0 || await store.Patch(operations, cancellationToken) == PatchOutcome.Applied)
            {
                return;
            }
        }
    }

#pragma warning disable CS0618 // The old forms of the interface are obsolete, and abstract all the same.
    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync();

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry);
#pragma warning restore CS0618

    /// <summary>
    /// Rows come only together with a step of the version, so the version that was read proves that a row is still absent.
    /// </summary>
    private async Task<bool> Write(
        string key, bool mustExist, TableVersion next, CancellationToken cancellation, params PatchOperation[] row)
    {
        var spec = await store.Read(cancellation);
        return ETag(spec) == next.VersionEtag && next.Version == spec.Version + 1 && spec.Members.ContainsKey(key) == mustExist
            && await store.Patch(
                [new PatchOperation("test", "/spec/version", spec.Version), .. row,
                    new PatchOperation("replace", "/spec/version", next.Version)],
                cancellation) == PatchOutcome.Applied;
    }

    private static bool IsDefunct(MembershipEntry entry, DateTime before) =>
        entry.Status == SiloStatus.Dead && entry.StartTime < before && entry.IAmAliveTime < before
        && (entry.SuspectTimes ?? []).TrueForAll(vote => vote.Item2 < before);

    private static string ETag(ClusterSpec spec) => spec.Version.ToString(CultureInfo.InvariantCulture);

    private static TableVersion VersionOf(ClusterSpec spec) => new(spec.Version, ETag(spec));
}
