using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Keeping;

/// <summary>A bearer token that outlives a restart of the cluster. A Basic grant is the long-lived secret itself and is never kept.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.kept-token")]
internal sealed record KeptToken : IExpiringState
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

    public DateTimeOffset? KeepUntil => Expires;

    public UpstreamGrant? Grant => Authorization is null
        ? null
        : new UpstreamGrant { Authorization = Authorization, Generation = Generation, RefreshAfter = RefreshAfter, Expires = Expires };

    public static KeptToken Of(UpstreamGrant grant, string stamp, long secretVersion) => new()
    {
        Authorization = grant.Authorization, Generation = grant.Generation, RefreshAfter = grant.RefreshAfter, Expires = grant.Expires,
        Stamp = stamp, SecretVersion = secretVersion,
    };
}
