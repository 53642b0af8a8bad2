using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Keeping;

/// <summary>A bearer token that outlives a restart of the cluster. A Basic grant is the long-lived secret itself and is never kept.</summary>
[GenerateSerializer, Alias("rp.kept-token")]
internal sealed class KeptToken
{
    [Id(0)]
    public Secret? Authorization { get; set; }

    [Id(1)]
    public long Generation { get; set; }

    [Id(2)]
    public DateTimeOffset RefreshAfter { get; set; }

    [Id(3)]
    public DateTimeOffset Expires { get; set; }

    /// <summary>The definition and secret that it was fetched with.</summary>
    [Id(4)]
    public string Stamp { get; set; } = "";

    [Id(5)]
    public long SecretVersion { get; set; }

    public UpstreamGrant? Grant => Authorization is null
        ? null
        : new UpstreamGrant { Authorization = Authorization, Generation = Generation, RefreshAfter = RefreshAfter, Expires = Expires };

    public static KeptToken Of(UpstreamGrant grant, string stamp, long secretVersion) => new()
    {
        Authorization = grant.Authorization, Generation = grant.Generation, RefreshAfter = grant.RefreshAfter, Expires = grant.Expires,
        Stamp = stamp, SecretVersion = secretVersion,
    };
}
