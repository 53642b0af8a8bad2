using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Stands before the grains that decide. The relay does not: it answers whoever looks for a silo, and what it decides itself, a login,
/// passes <see cref="DecisionGate"/> of its own.
/// </summary>
internal sealed class DecisionFilter(DecisionGate gate) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (IsDecision(context.InterfaceMethod?.DeclaringType))
        {
            await gate.Pass();
        }

        await context.Invoke();
    }

    /// <summary>Whether somebody decides by the configuration there.</summary>
    internal static bool IsDecision(Type? declaring) =>
        declaring == typeof(ISnapshotGrain) || declaring == typeof(ISessionGrain) || declaring == typeof(ILoginGrain)
        || declaring == typeof(IInteractiveLoginGrain) || declaring == typeof(ITenantAdministrationGrain)
        || declaring == typeof(ISessionAuthorityGrain);
}
