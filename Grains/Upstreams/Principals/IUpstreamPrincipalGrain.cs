using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>
/// One principal of a cloud or a credential helper, for all upstreams that share it. Internal: no client may call it. The key is its kind
/// and a hash of its definition, which holds no secret.
/// </summary>
[Version(0), Alias("rp.IUpstreamPrincipalGrain")]
internal interface IUpstreamPrincipalGrain : IGrainWithStringKey
{
    /// <summary>The secret now.</summary>
    /// <param name="upstream">Whose definition names the principal.</param>
    /// <param name="refusedVersion">A version that the upstream refused: another one is issued, once a minute at most; 0 for none.</param>
    [Alias("Get"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<PrincipalAnswer> Get(string upstream, long refusedVersion);
}

/// <summary>A secret, or why there is none.</summary>
[GenerateSerializer, Immutable, Alias("rp.principal-answer")]
internal sealed record PrincipalAnswer
{
    [Id(0)]
    public UpstreamFailure? Failure { get; init; }

    [Id(1)]
    public UpstreamSecret? Secret { get; init; }

    /// <summary>Rises with every secret that is issued.</summary>
    [Id(2)]
    public long Version { get; init; }

    /// <summary>The secret opens nothing from here on.</summary>
    [Id(3)]
    public DateTimeOffset Expires { get; init; }

    public static PrincipalAnswer Of(UpstreamFailure failure) => new() { Failure = failure };
}
