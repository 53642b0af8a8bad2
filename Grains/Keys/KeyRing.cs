using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Keys;

/// <summary>The keys as they are kept. The first signs, the second is published ahead of its use, the others are retired.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.key-ring")]
internal sealed record KeyRing : IExpiringState
{
    [Id(0)]
    public List<KeyEntry> Retired { get; init; } = [];

    [Id(1)]
    public KeyEntry? Active { get; init; }

    [Id(2)]
    public KeyEntry? Next { get; init; }

    [Id(3)]
    public DateTimeOffset RotateAt { get; init; }

    /// <summary>Newest first.</summary>
    [Id(4)]
    public List<KeyEntry> UploadKeys { get; init; } = [];

    /// <summary>What names a grain in tokens that clients keep is authenticated with these; newest first.</summary>
    [Id(5)]
    public List<KeyEntry> RoutingKeys { get; init; } = [];

    /// <summary>The longest life of a refresh token since the newest routing key was made.</summary>
    [Id(6)]
    public TimeSpan LongestRefresh { get; init; }

    /// <summary>When the next routing key is made.</summary>
    [Id(7)]
    public DateTimeOffset RoutingTurn { get; init; }

    public DateTimeOffset? KeepUntil => null;
}

/// <summary>One key. <see cref="Material"/> is PKCS#8, or raw bytes, in base64.</summary>
[GenerateSerializer, Immutable, Alias("rp.key-entry")]
internal sealed record KeyEntry([property: Id(0)] string Id, [property: Id(1)] string Material, [property: Id(2)] DateTimeOffset KeepUntil)
{
    public override string ToString() => Id;
}
