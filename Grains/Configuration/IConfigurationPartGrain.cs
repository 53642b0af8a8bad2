using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// The last good text of one file beside the main one, which a silo that starts uses while the file is broken; the key is the name of the
/// part. Internal: no client may call it.
/// </summary>
[Version(0), Alias("rp.IConfigurationPartGrain")]
internal interface IConfigurationPartGrain : IGrainWithStringKey
{
    /// <summary>The text; <c>null</c> when there is none.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    ValueTask<ClusterPart?> Get();

    /// <summary>Keeps a text that is in use.</summary>
    [Alias("Keep"), ResponseTimeout("00:00:10")]
    ValueTask Keep(ClusterPart part);
}
