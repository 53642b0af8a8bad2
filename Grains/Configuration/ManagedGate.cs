using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Nothing is decided on a silo that has just started before it has read the parts of managed tenants.</summary>
internal sealed class ManagedGate(LocalFiles local) : IIncomingGrainCallFilter
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly ManagedParts? _managed = local.Watcher?.Managed;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (_managed is { Settled.IsCompleted: false } managed && RevisionGate.IsDecision(context.InterfaceMethod?.DeclaringType))
        {
            await managed.Settled.WaitAsync(Timeout);
        }

        await context.Invoke();
    }
}
