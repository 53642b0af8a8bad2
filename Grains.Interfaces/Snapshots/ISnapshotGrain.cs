using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What gateways must know, as one versioned value, and every change of it. The key is always 0.</summary>
[Version(0), Alias("rp.ISnapshotGrain")]
public interface ISnapshotGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Subscribes the gateway for twenty seconds, or renews that, and returns what changed since <paramref name="known"/>.
    /// Pushes can be lost: a gateway calls this every two seconds.
    /// </summary>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default);

    /// <summary>Something changed on a silo of a version before, which does not say what: every gateway drops every decision.</summary>
    [Alias("Refresh"), SilosAlone]
    ValueTask Refresh(CancellationToken cancellation = default);

    /// <summary>What sessions are decided by, or anything else of the snapshot, changed on a silo.</summary>
    /// <param name="tenants">The tenants whose rules are others on that silo.</param>
    /// <param name="cancellation">Ends the wait.</param>
    [Alias("Changed"), ResponseTimeout("00:00:05"), SilosAlone]
    ValueTask Changed(IReadOnlyList<TenantRules> tenants, CancellationToken cancellation = default);
}

/// <summary>A gateway that follows the snapshot.</summary>
[Alias("rp.ISnapshotObserver")]
public interface ISnapshotObserver : IGrainObserver
{
    /// <summary>Something changed. Best effort; the position tells whether something was missed.</summary>
    [Alias("Changed"), OneWay]
    Task Changed(SnapshotUpdate update);
}

/// <summary>How much a gateway knows.</summary>
/// <param name="Version">The snapshot it has; empty for none.</param>
/// <param name="Sequence">The last change of a session that it was told of; −1 for none.</param>
/// <param name="Epoch">Which activation counted the sequence; another epoch means that every decision must be dropped.</param>
[GenerateSerializer, Immutable, Alias("rp.snapshot-position")]
public sealed record SnapshotPosition(
    [property: Id(0)] string Version,
    [property: Id(1)] long Sequence,
    [property: Id(2)] string Epoch)
{
    /// <summary>The <see cref="Format"/> of who understands parts of a snapshot, and packed ones.</summary>
    public const int Parts = 1;

    /// <summary>
    /// The <see cref="Format"/> of who keeps <see cref="SnapshotUpdate.Ahead"/> and is told it only when it is another.
    /// </summary>
    public const int KeepsAhead = 2;

    /// <summary>The <see cref="Format"/> of who understands <see cref="SnapshotChange.Stamps"/>, too.</summary>
    public const int TakesStamps = 3;

    /// <summary>What the gateway understands; 0 by versions before, which get whole snapshots.</summary>
    [Id(3)]
    public int Format { get; init; }

    /// <summary>Counts the changes of <see cref="SnapshotUpdate.Ahead"/> within an epoch; 0 when nobody says.</summary>
    [Id(4)]
    public long Ahead { get; init; }

    public static SnapshotPosition Nothing { get; } = new("", -1, "");
}

/// <summary>Changes since a position.</summary>
[GenerateSerializer, Immutable, Alias("rp.snapshot-update")]
public sealed record SnapshotUpdate
{
    [Id(0)]
    public required SnapshotPosition Position { get; init; }

    /// <summary>The whole snapshot, for gateways of versions before; <c>null</c> when its version is known already.</summary>
    [Id(1)]
    public GatewaySnapshot? Snapshot { get; init; }

    /// <summary>
    /// Identities whose decisions are no longer valid (<see cref="SessionKey.ToString"/>), and tenants of which no decision is.
    /// </summary>
    [Id(2)]
    public IReadOnlyList<string> ChangedSessions { get; init; } = [];

    /// <summary>Too much changed to list: drop every decision.</summary>
    [Id(3)]
    public bool DropAllDecisions { get; init; }

    /// <summary>How many gateways follow the snapshot; 0 when this update does not say.</summary>
    [Id(4)]
    public int Gateways { get; init; }

    /// <summary>
    /// What of the snapshot is another than at a version that the gateway has; <c>null</c> when nothing is, or when it is packed whole.
    /// </summary>
    [Id(5)]
    public SnapshotChange? Change { get; init; }

    /// <summary>
    /// The whole snapshot (<see cref="PackedSnapshot"/>); <c>null</c> when its version is known already, or its change is told.
    /// </summary>
    [Id(6)]
    public byte[]? Packed { get; init; }

    /// <summary>
    /// Tenants whose rules are others already on a silo that is ahead of the snapshot: all of them, with each update, or for who keeps them
    /// with each that says so.
    /// </summary>
    [Id(7)]
    public IReadOnlyList<TenantRules> Ahead { get; init; } = [];

    /// <summary>Whether <see cref="Ahead"/> is what it says; otherwise it is what the gateway knows.</summary>
    [Id(8)]
    public bool TellsAhead { get; init; }
}

/// <summary>A tenant, and what names its rules (<see cref="TenantSnapshot.RulesStamp"/>).</summary>
/// <param name="Tenant">Its name.</param>
/// <param name="Stamp">Empty when the tenant is gone.</param>
[GenerateSerializer, Immutable, Alias("rp.tenant-rules")]
public sealed record TenantRules([property: Id(0)] string Tenant, [property: Id(1)] string Stamp)
{
    /// <summary>
    /// The silo that has them, by its address; <c>null</c> from a version before, and for gateways, which need not know.
    /// </summary>
    [Id(2)]
    public string? Silo { get; init; }
}
