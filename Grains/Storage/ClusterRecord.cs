namespace RegistryProxy.Grains.Storage;

/// <summary>
/// The records without which a cluster is another one: its keys, and which configuration it follows. A silo that cannot read them must not
/// take part. Also the only ones without an end.
/// </summary>
/// <param name="State">The name of the state.</param>
/// <param name="Grain">Whose it is.</param>
public sealed record ClusterRecord(string State, GrainId Grain)
{
    /// <summary>The keys that sign and seal.</summary>
    public static ClusterRecord Keys { get; } = new("keys", GrainId.Create("keyring", "0"));

    /// <summary>The configuration of the highest revision.</summary>
    public static ClusterRecord Revision { get; } = new("revision", GrainId.Create("revision", "0"));

    public static IReadOnlyList<ClusterRecord> All { get; } = [Keys, Revision];
}
