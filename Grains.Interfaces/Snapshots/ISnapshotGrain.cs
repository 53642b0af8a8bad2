using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What gateways must know, as one versioned value, and every change of it. The key is always 0.</summary>
[Alias("rp.ISnapshotGrain")]
public interface ISnapshotGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Subscribes the gateway for twenty seconds, or renews that, and returns what changed since <paramref name="known"/>.
    /// Pushes can be lost: a gateway calls this every two seconds.
    /// </summary>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default);

    /// <summary>The configuration, a password file or the keys changed on this silo: build the snapshot again and push it.</summary>
    [Alias("Refresh")]
    ValueTask Refresh(CancellationToken cancellation = default);
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
    public static SnapshotPosition Nothing { get; } = new("", -1, "");
}

/// <summary>Changes since a position.</summary>
[GenerateSerializer, Immutable, Alias("rp.snapshot-update")]
public sealed record SnapshotUpdate
{
    [Id(0)]
    public required SnapshotPosition Position { get; init; }

    /// <summary>The whole snapshot; <c>null</c> when its version is known already.</summary>
    [Id(1)]
    public GatewaySnapshot? Snapshot { get; init; }

    /// <summary>Identities whose decisions are no longer valid (<see cref="SessionKey.ToString"/>).</summary>
    [Id(2)]
    public IReadOnlyList<string> ChangedSessions { get; init; } = [];

    /// <summary>Too much changed to list: drop every decision.</summary>
    [Id(3)]
    public bool DropAllDecisions { get; init; }

    /// <summary>How many gateways follow the snapshot; 0 when this update does not say.</summary>
    [Id(4)]
    public int Gateways { get; init; }
}
