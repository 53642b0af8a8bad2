namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A silo that was stopped for a while learns that the others declared it dead some time before it ends. What its grains remember is from
/// before: it answers nothing any more, and who asked asks another one.
/// </summary>
internal sealed class DeadSiloGate(ISiloStatusOracle oracle) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context) => oracle.CurrentStatus == SiloStatus.Dead
        ? throw new SiloUnavailableException("this silo was declared dead by the others")
        : context.Invoke();
}
