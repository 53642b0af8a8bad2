using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Keys;

/// <summary>The side of the snapshot that silos ask which key signs; key 0. Internal: no client may call it.</summary>
[Version(0), Alias("rp.IPublishedKeyGrain")]
internal interface IPublishedKeyGrain : IGrainWithIntegerKey
{
    /// <summary>A key that gateways have been told of.</summary>
    [Alias("GetSigningKey"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SigningKey> GetSigningKey();
}
