using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The side of the snapshot that session grains write to; key 0. Internal: no client may call it.</summary>
[Version(0), Alias("rp.ISessionChangesGrain")]
internal interface ISessionChangesGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Tells every gateway that the decisions about an identity are no longer good; changes of the same moment are told together, and each
    /// call returns when its own was.
    /// </summary>
    [Alias("SessionChanged"), AlwaysInterleave]
    ValueTask SessionChanged(string sessionKey);
}
