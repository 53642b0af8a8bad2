using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.SiloCalls;

/// <summary>
/// Writes passes for who serves operators on a silo: the keys of the cluster are for grains alone. A stateless worker, which runs in the
/// process that calls it, and wants the pass of that process. The key is always 0.
/// </summary>
[Version(0), Alias("rp.ISiloPassGrain")]
public interface ISiloPassGrain : IGrainWithIntegerKey
{
    /// <summary>A pass for a call to one grain; <c>null</c> while a silo of an older version has the keys.</summary>
    [Alias("Write"), ResponseTimeout("00:00:09")]
    ValueTask<string?> Write(string process, string grain);
}

/// <inheritdoc cref="ISiloPassGrain"/>
[StatelessWorker, Reentrant, GrainType("silopass")]
internal sealed class SiloPassGrain(ProcessPass known, SiloPass pass) : Grain, ISiloPassGrain
{
    public ValueTask<string?> Write(string process, string grain) => known.Is(process)
        ? pass.Write(GrainId.Parse(grain))
        : throw new UnauthorizedAccessException("passes are for silos alone");
}
