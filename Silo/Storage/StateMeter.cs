using System.Diagnostics.Metrics;

namespace RegistryProxy.Silo.Storage;

/// <summary>Counts the records of the state at rest that are as good as none.</summary>
internal sealed class StateMeter
{
    private long _refused;

    public StateMeter(IMeterFactory meters) => meters.Create("RegistryProxy.Silo").CreateObservableCounter(
        "registryproxy.state.refused_records", () => Volatile.Read(ref _refused), "{record}",
        "Records of the state at rest that were changed, swapped or encrypted with an unknown key");

    public void Refused() => Interlocked.Increment(ref _refused);
}
