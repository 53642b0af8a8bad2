namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A silo that was stopped for a while may have been declared dead by the others. What its grains remember is from before: until it knows
/// that it still belongs to them, and for ever when it does not, it answers nothing, and who asked asks another one.
/// </summary>
internal sealed class DeadSiloGate(ISiloStatusOracle oracle, SuspendDetector detector) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context) =>
        oracle.CurrentStatus == SiloStatus.Dead ? throw new SiloUnavailableException("this silo was declared dead by the others")
        : detector.IsInDoubt && !context.TargetId.IsSystemTarget()
            ? throw new SiloUnavailableException("this silo was suspended, and has not read yet whether it was declared dead")
        : context.Invoke();
}
