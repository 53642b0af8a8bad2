using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.StoredState;

/// <summary>
/// A bearer token that outlives a restart of the cluster. A Basic credential is the long-lived secret itself and is never kept.
/// </summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.kept-token")]
internal sealed record StoredToken : IExpiringState
{
    [Id(0)]
    public Secret? Authorization { get; init; }

    [Id(1)]
    public long Generation { get; init; }

    [Id(2)]
    public DateTimeOffset RefreshAfter { get; init; }

    [Id(3)]
    public DateTimeOffset Expires { get; init; }

    /// <summary>The definition and secret that it was fetched with.</summary>
    [Id(4)]
    public string Stamp { get; init; } = "";

    [Id(5)]
    public long SecretVersion { get; init; }

    /// <summary>The origin that it opens; <c>null</c> in a record of a version that does not say.</summary>
    [Id(6)]
    public string? Origin { get; init; }

    public DateTimeOffset? KeepUntil => Expires;

    public UpstreamToken? Token => Authorization is null
        ? null
        : new UpstreamToken
        {
            Authorization = Authorization, Generation = Generation, RefreshAfter = RefreshAfter, Expires = Expires, Origin = Origin,
        };

    public static StoredToken Of(UpstreamToken token, string stamp, long secretVersion) => new()
    {
        Authorization = token.Authorization, Generation = token.Generation, RefreshAfter = token.RefreshAfter, Expires = token.Expires,
        Stamp = stamp, SecretVersion = secretVersion, Origin = token.Origin,
    };
}
