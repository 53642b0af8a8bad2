using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>One upstream's long-lived secret and how the upstream asks for it. Internal: no client may call it. The key is the upstream's name.</summary>
[Alias("rp.IUpstreamCredentialGrain")]
internal interface IUpstreamCredentialGrain : IGrainWithStringKey
{
    /// <summary>How the upstream is opened; asks the upstream itself when that is not known, or <paramref name="anew"/>.</summary>
    [Alias("Open"), AlwaysInterleave]
    ValueTask<UpstreamOpening> Open(bool anew);

    /// <summary>Changes when the definition of the upstream or its secret does.</summary>
    [Alias("GetStamp"), AlwaysInterleave]
    ValueTask<string> GetStamp();

    /// <summary>What came of a token call, for operators.</summary>
    [Alias("Report"), OneWay, AlwaysInterleave]
    ValueTask Report(DateTimeOffset? expires, UpstreamFailure? failure, DateTimeOffset? retryAt);
}

/// <summary>How an upstream is opened, or why it cannot be.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-opening")]
internal sealed record UpstreamOpening
{
    [Id(0)]
    public UpstreamFailure? Failure { get; init; }

    [Id(1)]
    public UpstreamScheme Scheme { get; init; }

    /// <summary>The vetted token endpoint; set for <see cref="UpstreamScheme.Bearer"/>.</summary>
    [Id(2)]
    public Uri? Realm { get; init; }

    [Id(3)]
    public string? Service { get; init; }

    /// <summary>Empty when there is no password.</summary>
    [Id(4)]
    public string Username { get; init; } = "";

    [Id(5)]
    public Secret? Password { get; init; }

    /// <summary>An identity token, for the OAuth2 form.</summary>
    [Id(6)]
    public Secret? IdentityToken { get; init; }

    [Id(7)]
    public bool AllowPrivate { get; init; }

    /// <summary>The definition and secret that this was made from.</summary>
    [Id(8)]
    public string Stamp { get; init; } = "";

    public static UpstreamOpening Failed(UpstreamFailure failure, string stamp) => new() { Failure = failure, Stamp = stamp };
}

/// <summary>How an upstream asks for credentials.</summary>
[GenerateSerializer, Alias("rp.upstream-scheme")]
internal enum UpstreamScheme
{
    Unknown,
    None,
    Basic,
    Bearer,
}
