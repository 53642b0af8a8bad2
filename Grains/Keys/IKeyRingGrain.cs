using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Keys;

/// <summary>The keys of the cluster; key 0. Internal: no client may call it.</summary>
[Version(0), Alias("rp.IKeyRingGrain")]
internal interface IKeyRingGrain : IGrainWithIntegerKey
{
    /// <summary>The key that signs now; to be asked for again after <see cref="SigningKey.UseUntil"/>.</summary>
    [Alias("GetSigningKey"), AlwaysInterleave]
    ValueTask<SigningKey> GetSigningKey();

    /// <summary>What gateways verify and seal with.</summary>
    [Alias("GetPublished"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<PublishedKeys> GetPublished();
}

/// <summary>A private key, for a silo that signs.</summary>
[GenerateSerializer, Immutable, Alias("rp.signing-key")]
internal sealed record SigningKey([property: Id(0)] string Id, [property: Id(1)] Secret Pkcs8, [property: Id(2)] DateTimeOffset UseUntil);

/// <summary>
/// Keys of the cluster, newest first: public halves and the keys that seal uploads, which gateways get, and those that stay in silos.
/// </summary>
[GenerateSerializer, Immutable, Alias("rp.published-keys")]
internal sealed record PublishedKeys(
    [property: Id(0)] string Version, [property: Id(1)] IReadOnlyList<TokenKey> TokenKeys,
    [property: Id(2)] IReadOnlyList<Secret> UploadKeys)
{
    /// <summary>
    /// For silos alone: what tokens say of the grain that knows them is authenticated with these. <c>null</c> from a silo of an older
    /// version.
    /// </summary>
    [Id(3)]
    public IReadOnlyList<Secret>? RoutingKeys { get; init; }
}
