using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Principals;

/// <summary>The secrets that a principal was given, by the stamp of the material that they were asked for with.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.kept-secrets")]
internal sealed record StoredSecrets : IExpiringState
{
    /// <summary>The key of the stamps.</summary>
    [Id(0)]
    public Secret StampKey { get; init; } = StoredState.StampKey.Create();

    [Id(1)]
    public Dictionary<string, StoredSecret> Secrets { get; init; } = [];

    public DateTimeOffset? KeepUntil => Secrets.Values.Select(secret => secret.Answer.Expires).DefaultIfEmpty().Max();
}

/// <summary>One of them, and when another is asked for ahead.</summary>
[GenerateSerializer, Immutable, Alias("rp.kept-secret")]
internal sealed record StoredSecret([property: Id(0)] PrincipalAnswer Answer, [property: Id(1)] DateTimeOffset RefreshAfter);
